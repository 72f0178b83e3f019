"""Makes the virtual environment and brings the pinned uv; runs on a bare Python, before anything is installed."""

import subprocess
import sys
from pathlib import Path

LOWEST = (3, 11)


def main(folder: Path) -> int:
    if sys.version_info < LOWEST:
        found = ".".join(map(str, sys.version_info[:2]))
        return refuse(f"Python {found} é antigo demais: é preciso 3.11 ou mais novo (make PYTHON=python3.12 …).")
    try:
        import ensurepip  # noqa: F401, PLC0415 - Debian ships venv without the part that fills it
        import venv  # noqa: PLC0415 - may be missing, which is what is asked here
    except ImportError:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        return refuse(f"Falta o pacote {package}: instale-o (por exemplo: apt-get install {package}) e rode de novo.")
    venv.create(folder, with_pip=True, clear=not (folder / "bin" / "pip").exists())
    locked = Path(__file__).with_name("bootstrap.txt")
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return subprocess.call([*pip, "--require-hashes", "--no-deps", "-r", str(locked)])


def refuse(message: str) -> int:
    sys.stderr.write(f"✗ {message}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
