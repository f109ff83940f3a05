"""Regenerates service/pb from proto/, and lints proto/ with buf.

The validation options (`buf/validate/validate.proto`) are taken from the installed `protovalidate`
distribution as a descriptor, so nothing is vendored and nothing is downloaded.

    python proto/generate.py          write service/pb
    python proto/generate.py --check  fail if service/pb differs from what proto/ gives; lint with buf
"""

import filecmp
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import grpc_tools
from google.protobuf import descriptor_pb2

ROOT = Path(__file__).resolve().parents[1]
PROTO, TARGET = ROOT / "proto", ROOT / "service" / "pb"
SOURCES = sorted(path.relative_to(PROTO).as_posix() for path in PROTO.glob("sitter/v1/*.proto"))
VALIDATE = "buf/validate/validate.proto"


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        options = scratch / "validate.binpb"
        options.write_bytes(_validate_descriptor().SerializeToString())
        if "--check" not in sys.argv:
            _generate(options, TARGET)
            return 0
        fresh = scratch / "pb"
        _generate(options, fresh)
        return _stale(fresh) or _lint(options, scratch / "image.binpb")


def _validate_descriptor() -> descriptor_pb2.FileDescriptorSet:
    """The options file and what it imports, from protovalidate's own generated module."""
    from protovalidate._gen.buf.validate import validate_pb

    found = descriptor_pb2.FileDescriptorSet()
    waiting = [validate_pb._DESC]
    while waiting:
        description = waiting.pop()
        if description.proto.name not in {file.name for file in found.file}:
            # protoc wants what is imported before what imports it
            found.file.insert(0, descriptor_pb2.FileDescriptorProto.FromString(description.proto.to_binary()))
            waiting += description.dependencies
    return found


def _generate(options: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    common = [f"--descriptor_set_in={options}", f"-I{PROTO}", f"--python_out={target}", f"--pyi_out={target}"]
    _protoc(*common, VALIDATE)
    _protoc(*common, f"--grpc_python_out={target}", *SOURCES)
    for path in [*target.rglob("*.py"), *target.rglob("*.pyi")]:
        text = path.read_text()
        # protoc writes imports from its own root; ours is service.pb
        path.write_text(re.sub(r"^from (buf|sitter)\.", r"from service.pb.\1.", text, flags=re.MULTILINE))
    for folder in {target, *(p for p in target.rglob("*") if p.is_dir() and p.name != "__pycache__")}:
        (folder / "__init__.py").touch()


def _protoc(*arguments: str) -> None:
    include = Path(grpc_tools.__file__).parent / "_proto"
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{include}", *arguments], check=True)


def _stale(fresh: Path) -> int:
    names = sorted(p.relative_to(fresh) for p in fresh.rglob("*.py*") if p.is_file())
    differ = [
        str(n) for n in names if not (TARGET / n).exists() or not filecmp.cmp(fresh / n, TARGET / n, False)
    ]
    if differ:
        print(f"service/pb is stale, run `make proto`: {', '.join(differ)}", file=sys.stderr)
    return 1 if differ else 0


def _lint(options: Path, image: Path) -> int:
    _protoc(
        f"--descriptor_set_in={options}", f"-I{PROTO}", f"--descriptor_set_out={image}",
        "--include_imports", "--include_source_info", *SOURCES,
    )  # fmt: skip
    buf = Path(sys.executable).with_name("buf")
    return subprocess.run(
        [str(buf), "lint", str(image), "--config", str(PROTO / "buf.yaml")], check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
