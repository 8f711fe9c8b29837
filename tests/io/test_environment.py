import getpass
import json
import socket

from mmseg_bone.io.environment import environment


def test_the_environment_says_with_what_and_not_where_or_by_whom():
    found = environment(device="cpu", seed=3, store_digest="abc")

    assert (found["device"], found["seed"], found["store_digest"]) == ("cpu", 3, "abc")
    assert found["packages"]["numpy"]
    assert found["packages"]["torch"]
    text = json.dumps(found)
    assert socket.gethostname() not in text
    if len(getpass.getuser()) > 4:
        assert getpass.getuser() not in text
