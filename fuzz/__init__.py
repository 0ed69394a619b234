"""
A fuzzer that knows the grammar of SIP: see docs/fuzzing.rst.

``python -m fuzz --seed 1 --iterations 20000`` starts a server, sends it what it should not
be sent, and looks at everything that it emits.
"""
