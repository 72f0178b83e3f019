"""The real api process, started again whenever it is killed: forked, for a hundred imports would take minutes."""

import gc
import os
import signal
import sys

import uvicorn
from starlette.responses import PlainTextResponse

from admin_api import serving


def main() -> None:
    uvicorn.Config(PlainTextResponse("")).load()  # it imports half of itself only now
    gc.freeze()  # else each life looks through all of it once, and so makes a copy of it
    while True:
        lifeline, ours = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(ours)
            os.environ["MASTERIA_LIFELINE"] = str(lifeline)  # it ends with us, however we end
            os._exit(serving.main(sys.argv[1:]))
        os.close(lifeline)
        _, status = os.waitpid(child, 0)
        os.close(ours)
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            sys.exit("it was not killed")


if __name__ == "__main__":
    main()
