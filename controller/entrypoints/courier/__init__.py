"""The courier: what of ours runs in the pod of a step, before the program, beside it, and instead of it.

    stage       lays the input, artifacts of ancestors and the agent's files ready; ends before the program starts
    publish     waits beside the program, then hands over what it left: the message of its end names or holds everything
    call        makes the HTTP call of an `http` agent

May import: the standard library, blake3, controller.errors, and of the local runner what needs the standard library only
(`adapters.process.supervisor`). Must not: import anything else of Libretto or a library: every pod of every step pays for
it, in milliseconds and mebibytes (tests/unit/entrypoints/courier/test_main.py holds it to that).
What the program left is the work of somebody else: nothing in it is followed, trusted or waited for.
"""
