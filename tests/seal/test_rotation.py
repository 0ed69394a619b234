"""Keys that are replaced: what was sealed before, for as long as its key is kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from sippn.errors import ConfigErrors
from sippn.seal import Keyring, load_or_create, rotate
from sippn.seal.keyring import MAX_SECRETS, SECRET_SIZE

Entropy = Callable[[int], bytes]


def numbered() -> Entropy:
    """Stand in for entropy: each time another number."""
    numbers = count(1)
    return lambda size: next(numbers).to_bytes(2, "big") * (size // 2)


@pytest.fixture
def entropy() -> Entropy:
    return numbered()


@pytest.fixture
def path(tmp_path: Path, entropy: Entropy) -> Path:
    """A key file with one key, as a first start makes it."""
    path = tmp_path / "sippn.keys"
    load_or_create(path, entropy)
    return path


def keyring_at(path: Path) -> Keyring:
    """The keyring of a server that starts."""
    return Keyring(load_or_create(path, os.urandom), os.urandom)


def test_what_kept_keys_sealed_can_be_opened(path: Path, entropy: Entropy) -> None:
    """Q-06: across each restart and rotation; three times, for four keys are kept."""
    tokens = [keyring_at(path).seal("purr", b"0")]
    for number in range(1, MAX_SECRETS):
        assert rotate(path, entropy) is False
        tokens.append(keyring_at(path).seal("purr", b"%d" % number))
    keyring = keyring_at(path)
    assert [keyring.unseal("purr", token) for token in tokens] == [b"0", b"1", b"2", b"3"]
    assert [keyring.unseal("other", token) for token in tokens] == [None] * 4
    assert rotate(path, entropy) is True
    after = keyring_at(path)
    assert [after.unseal("purr", token) for token in tokens] == [None, b"1", b"2", b"3"]


def test_newest_key_seals(path: Path, entropy: Entropy) -> None:
    """Q-06: what was stolen of the old ones opens nothing new."""
    stolen = path.read_bytes()
    rotate(path, entropy)
    new = keyring_at(path)
    assert Keyring(stolen, os.urandom).unseal("purr", new.seal("purr", b"x")) is None
    assert Keyring(stolen, os.urandom).mac("nonce", b"x") != new.mac("nonce", b"x")
    assert path.read_bytes()[SECRET_SIZE:] == stolen


def test_server_that_runs_goes_on_with_what_it_has(path: Path, entropy: Entropy) -> None:
    """Q-06: what it seals until it is restarted can be opened then."""
    running = keyring_at(path)
    rotate(path, entropy)
    token = running.seal("purr", b"x")
    assert running.unseal("purr", token) == keyring_at(path).unseal("purr", token) == b"x"


def test_key_in_front_tells_the_secrets_apart() -> None:
    """It is one octet: where two have the same, the tag tells."""
    secrets = [number.to_bytes(SECRET_SIZE, "big") for number in range(300)]
    rings = [Keyring(secret, numbered()) for secret in secrets]
    tokens = [ring.seal("purr", b"x") for ring in rings]
    assert len({token[:1] for token in tokens}) > 32
    first = {token[:3]: number for number, token in reversed(list(enumerate(tokens)))}
    twins = [(first[t[:3]], n) for n, t in enumerate(tokens) if first[t[:3]] != n]
    assert twins
    for one, other in twins:
        both = Keyring(secrets[one] + secrets[other], numbered())
        assert both.unseal("purr", tokens[one]) == both.unseal("purr", tokens[other]) == b"x"


@pytest.mark.parametrize("number", [0, MAX_SECRETS + 1])
def test_no_keys_or_too_many_are_refused(path: Path, number: int) -> None:
    """What is not read would be dropped by the next rotation, and nobody told."""
    path.write_bytes(bytes(SECRET_SIZE * number))
    for refused in (load_or_create, rotate):
        with pytest.raises(ConfigErrors, match="32 octets a key"):
            refused(path, os.urandom)
    with pytest.raises(ValueError, match="1 to 4 secrets"):
        Keyring(bytes(SECRET_SIZE * number), os.urandom)


# the file


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_file_stays_its_owners_alone(path: Path, entropy: Entropy, umask: int) -> None:
    """T17: whatever the umask, and nothing is left beside it."""
    before = os.umask(umask)
    try:
        rotate(path, entropy)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_file_stays_its_owners_though_root_rotates(
    path: Path, entropy: Entropy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the server, which runs as another user, could not read its keys."""
    owner, given = path.stat(), list[tuple[int, int]]()
    monkeypatch.setattr("os.geteuid", lambda: owner.st_uid + 1)
    monkeypatch.setattr("os.chown", lambda _, uid, gid: given.append((uid, gid)))
    rotate(path, entropy)
    assert given == [(owner.st_uid, owner.st_gid)]


def test_link_stays_a_link(path: Path, entropy: Entropy) -> None:
    """What it names is replaced, in its own folder."""
    folder = path.parent / "elsewhere"
    folder.mkdir()
    there = path.rename(folder / "real.keys")
    path.symlink_to(there)
    rotate(path, entropy)
    assert path.is_symlink()
    assert len(there.read_bytes()) == 2 * SECRET_SIZE


def test_missing_file_is_not_made(tmp_path: Path, entropy: Entropy) -> None:
    """Somebody is in the wrong folder: the server would go on with another one."""
    with pytest.raises(ConfigErrors, match="no such file; the server makes it when it starts"):
        rotate(tmp_path / "k", entropy)
    assert list(tmp_path.iterdir()) == []


def test_failure_leaves_the_old_keys(
    path: Path, entropy: Entropy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D1: a full disk, say; nothing is left of the new one."""
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ConfigErrors, match=r"sippn\.keys: No space left on device"):
        rotate(path, entropy)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_new_keys_are_on_the_disk_before_the_old_are_gone(
    path: Path, entropy: Entropy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D1: a power cut leaves one file or the other, whole."""
    done: list[str] = []
    flush, replace = os.fsync, Path.replace

    def flushed(descriptor: int) -> None:
        done.append("flush")
        flush(descriptor)

    def replaced(draft: Path, target: Path) -> Path:
        done.append("replace")
        return replace(draft, target)

    monkeypatch.setattr("os.fsync", flushed)
    monkeypatch.setattr(Path, "replace", replaced)
    rotate(path, entropy)
    assert done == ["flush", "replace", "flush"]
