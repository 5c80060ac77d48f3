"""What is the value of a secret, and what is missing when there is none?"""

from collections.abc import Mapping
from pathlib import Path


class Secrets:
    """Reads secrets where the agent says. Names what is missing; never says a value."""

    def __init__(self, environment: Mapping[str, str], repository: Path) -> None:
        self._environment = environment
        self._repository = repository

    def resolve(self, from_env: Mapping[str, str], from_file: Mapping[str, str]) -> tuple[dict[str, str], str | None]:
        """Return the values by name, and what is wrong with them all (None: nothing).

        A relative file counts from the folder that holds the state directory.
        """
        values: dict[str, str] = {}
        problems = []
        for name, variable in from_env.items():
            value = self._environment.get(variable)
            if value is None:
                problems.append(f"secret {name} needs the environment variable {variable}, which is not set")
            else:
                values[name] = value
        for name, file in from_file.items():
            try:
                values[name] = (self._repository / file).read_bytes().decode().rstrip("\r\n")
            except OSError as error:
                problems.append(f"secret {name} needs the file {file}: {error.strerror}")
            except UnicodeDecodeError:
                problems.append(f"secret {name} needs the file {file}, which is not UTF-8 text")
        problems += [f"secret {name} holds a NUL character" for name, value in values.items() if "\0" in value]
        return values, "; ".join(problems) or None
