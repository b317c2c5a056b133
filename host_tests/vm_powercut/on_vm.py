"""The VM's side of the sweep, each started in a process of its own by sweep.py.

    names                             the cases
    count CASE OUT                    how many flash operations the case takes; writes the image before it to OUT.image
    cut CASE BASE OUT TORN N [N …]    cut after N operations, for each N; writes OUT.N.image and OUT.N.done
    check CASE IMAGE DONE             what must hold afterwards, on a copy
"""

import os
import sys

from host_tests.storage.ram_flash import PowerCut, RamFlash
from host_tests.vm_powercut import cases

BLOCKS = 32


def mount(flash, fresh=False):
    """Mount the flash where the cases expect it."""
    if fresh:
        os.VfsLfs2.mkfs(flash)
    os.mount(os.VfsLfs2(flash), "/flash")


def load(path, data):
    """Copy an image file into the flash's memory."""
    with open(path, "rb") as file:
        file.readinto(data)


def store(path, data):
    """Write the flash's memory to an image file."""
    with open(path, "wb") as file:
        file.write(data)


def count(name, out):
    """Prepare, keep the image, then run the case once to its end."""
    flash = RamFlash(bytearray(BLOCKS * 4096))
    flash.erase_all()
    mount(flash, True)
    case = cases.find(name)
    case.prepare()
    store(out + ".image", flash.data)
    flash.reset_counts()
    case.operate(lambda number: None)
    print("operations", flash.programs + flash.erases)


def cut(name, base, out, torn, numbers):
    """One image for each cut."""
    data = bytearray(BLOCKS * 4096)
    for number in numbers:
        load(base, data)
        flash = RamFlash(data)
        mount(flash)
        flash.cut_after, flash.torn = number, torn
        done = [0]

        def acknowledge(step, done=done):
            done[0] = step

        try:
            cases.find(name).operate(acknowledge)
            print("uncut", number)
        except PowerCut:
            pass
        store("%s.%d.image" % (out, number), data)
        print("cut", number, done[0])
        os.umount("/flash")


def check(name, image, done):
    """Exit status 1 and a sentence when something does not hold."""
    data = bytearray(BLOCKS * 4096)
    load(image, data)
    mount(RamFlash(data))
    cases.find(name).check(done)
    print("holds")


def main(argv):
    """See above."""
    if argv[1] == "names":
        print(" ".join([name for name, _ in cases.CASES]))
    elif argv[1] == "count":
        count(argv[2], argv[3])
    elif argv[1] == "cut":
        cut(argv[2], argv[3], argv[4], argv[5] == "1", [int(number) for number in argv[6:]])
    else:
        check(argv[2], argv[3], int(argv[4]))


if __name__ == "__main__":
    main(sys.argv)
