"""Says by which way botocore gets a profile's credentials, with nothing asked of anybody: JSON lines in, JSON lines out.

In: {"config": text, "credentials": text, "env": {name: value}, "profile": name or null}. Out: {"way": [provider of the
source, role ARN, ...]}, or {"refused": reason}.
"""

import json
import os
import shlex
import socket
import sys
import tempfile

import awscrt  # noqa: F401  without it botocore refuses every console sign-in
import botocore.credentials as providers
import botocore.session
import botocore.utils

END = "2099-01-02T03:04:05Z"
KEYS = {"access_key": "AKIAORACLE0000000001", "secret_key": "s", "token": "t", "expiry_time": END, "account_id": None}
ANSWER = {"AccessKeyId": "AKIAORACLE0000000001", "SecretAccessKey": "s", "Token": "t", "Expiration": END}
roles = []


def offline(*_, **__):
    raise SystemExit("a request would have left")


def program(self, command):
    if not shlex.split(command):
        raise IndexError("no program")
    return KEYS


def instance(self):
    return {} if self._disabled else {**KEYS, "role_name": "R"}


def noted(self, client_creator, source_credentials, role_arn, *rest, **more):
    roles.append((source_credentials.method, role_arn))
    made(self, client_creator, source_credentials, role_arn, *rest, **more)


socket.socket.connect = offline
socket.getaddrinfo = offline
made = providers.AssumeRoleCredentialFetcher.__init__
providers.AssumeRoleCredentialFetcher.__init__ = noted
providers.ProcessProvider._retrieve_credentials_using = program
providers.LoginCredentialFetcher.load_cached_credentials = lambda self: KEYS
botocore.utils.ContainerMetadataFetcher._retrieve_credentials = lambda *_: ANSWER
botocore.utils.InstanceMetadataFetcher.retrieve_iam_role_credentials = instance


def way(case):
    session = botocore.session.Session(profile=case["profile"])
    found = session.get_credentials()
    if found is None:
        return {"refused": "it finds none"}
    return {"way": [roles[0][0], *(arn for _, arn in roles)] if found.method == "assume-role" else [found.method]}


with tempfile.TemporaryDirectory() as home:
    os.mkdir(os.path.join(home, ".aws"))
    for line in sys.stdin:
        case = json.loads(line)
        for name in ("config", "credentials"):
            with open(os.path.join(home, ".aws", name), "w", encoding="utf-8") as file:
                file.write(case[name])
        os.environ.clear()
        os.environ.update({"HOME": home, **case["env"]})
        roles.clear()
        try:
            answer = way(case)
        except Exception as error:
            answer = {"refused": repr(error)}
        print(json.dumps(answer))
