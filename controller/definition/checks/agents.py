"""Does an agent say how it runs, without secrets in the open?"""

from controller.definition.checks.contracts import check_schema
from controller.definition.checks.lint import check_secrets
from controller.definition.findings import Findings
from controller.model.agent import AgentSpec


def check_agent(spec: AgentSpec, findings: Findings) -> None:
    """A way to run it, valid schemas, at least one mode, no secret among plain values."""
    ways = {"process": spec.process, "http": spec.http, "image": spec.image}
    if not any(ways.values()) and not any(("spec", way) in findings.silent for way in ways):
        message = "the agent has no way to run: it needs process, http or image"
        findings.add(("spec",), message, "NoRuntime", "add process: {argv: [./program]}", key=True)
    if not spec.modes:
        findings.add(
            ("spec", "modes"), "the agent can be called in no mode", "NoModes", "leave modes out for all", key=True
        )
    check_schema(spec.input_schema, ("spec", "inputSchema"), findings)
    check_schema(spec.output_schema, ("spec", "outputSchema"), findings)
    if spec.process is not None:
        check_secrets(spec.process.env, ("spec", "process", "env"), findings)
        for name in spec.process.env.keys() & (spec.process.from_env.keys() | spec.process.from_file.keys()):
            message = f'the variable "{name}" is given twice'
            findings.add(("spec", "process", "env", name), message, "RepeatedVariable", "keep one of them", key=True)
    if spec.http is not None:
        check_secrets(spec.http.headers, ("spec", "http", "headers"), findings)
    if spec.image is not None:
        check_secrets(spec.image.env, ("spec", "image", "env"), findings)
