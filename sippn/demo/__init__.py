"""The phone that rings: a whole call, woken and shown, without a network or a second machine."""

from sippn.demo.perform import make_demo, perform, run_demo
from sippn.demo.service import Demo

__all__ = ["Demo", "make_demo", "perform", "run_demo"]
