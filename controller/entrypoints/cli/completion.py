"""`libretto completion`: let a shell complete verbs and options."""

import click
from click.shell_completion import get_completion_class

_WHERE = {
    "bash": 'eval "$(libretto completion bash)"    # in ~/.bashrc',
    "zsh": 'eval "$(libretto completion zsh)"    # in ~/.zshrc, after compinit',
    "fish": "libretto completion fish > ~/.config/fish/completions/libretto.fish",
}


@click.command(name="completion", epilog='Example: eval "$(libretto completion bash)"')
@click.argument("shell", type=click.Choice(list(_WHERE)))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash   eval "$(libretto completion bash)"    in ~/.bashrc
    zsh    eval "$(libretto completion zsh)"     in ~/.zshrc, after compinit
    fish   libretto completion fish > ~/.config/fish/completions/libretto.fish
    """  # noqa: D301  click's mark for lines that are not to be wrapped
    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"there is no completion for {shell}")
    root = ctx.find_root().command
    click.echo(f"# {_WHERE[shell]}")
    click.echo(made(root, {}, "libretto", "_LIBRETTO_COMPLETE").source())
