"""Reads pairs of files as botocore does: JSON lines in, JSON lines out.

In: {"config": hex, "credentials": hex}. Out: {"profiles": [[name, {key: value}], ...], "sso_sessions": ...,
"services": ...} in botocore's order, or {"refused": reason}.
"""

import json
import os
import sys
import tempfile

import botocore.exceptions
import botocore.session

with tempfile.TemporaryDirectory() as directory:
    paths = {}
    for name, variable in (("config", "AWS_CONFIG_FILE"), ("credentials", "AWS_SHARED_CREDENTIALS_FILE")):
        paths[name] = os.environ[variable] = os.path.join(directory, name)
    session = botocore.session.Session()
    for line in sys.stdin:
        case = json.loads(line)
        for name, path in paths.items():
            with open(path, "wb") as file:
                file.write(bytes.fromhex(case[name]))
        try:
            session._config = None  # a new session costs 10 ms
            config = session.full_config
            answer = {kind: list(config.get(kind, {}).items()) for kind in ("profiles", "sso_sessions", "services")}
        except botocore.exceptions.ConfigParseError as error:
            answer = {"refused": str(error)}
        print(json.dumps(answer))
