"""The command `inventory-gateway`."""

import signal


def main() -> None:
    # Importing everything takes a second or more. Ctrl-C meanwhile ends it without a traceback.
    interactive = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if interactive:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from gateway.cli import app

    if interactive:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    app()


if __name__ == "__main__":
    main()
