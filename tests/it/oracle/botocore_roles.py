"""Resolves profiles of roles as botocore does, with an STS that only takes notes: JSON lines in, JSON lines out.

In: {"config": text, "credentials": text, "profile": name}. Out: {"calls": [[access key, role ARN], ...]} in their order,
or {"refused": reason}.
"""

import datetime
import json
import os
import sys
import tempfile

import botocore.credentials
import botocore.session


class Notes:
    """An STS client."""

    def __init__(self, calls, key):
        self.calls, self.key = calls, key

    def assume_role(self, **asked):
        self.calls.append([self.key, asked["RoleArn"]])
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        return {
            "Credentials": {
                "AccessKeyId": "of " + asked["RoleArn"],
                "SecretAccessKey": "s",
                "SessionToken": "t",
                "Expiration": end,
            },
            "AssumedRoleUser": {"AssumedRoleId": "x", "Arn": "arn:aws:sts::123456789012:assumed-role/R/s"},
        }


with tempfile.TemporaryDirectory() as directory:
    paths = {}
    for name, variable in (("config", "AWS_CONFIG_FILE"), ("credentials", "AWS_SHARED_CREDENTIALS_FILE")):
        paths[name] = os.environ[variable] = os.path.join(directory, name)
    for line in sys.stdin:
        case = json.loads(line)
        for name, path in paths.items():
            with open(path, "w", encoding="utf-8") as file:
                file.write(case[name])
        session = botocore.session.Session(profile=case["profile"])
        calls = []
        try:
            resolver = botocore.credentials.create_credential_resolver(session, cache={})
            provider = resolver.get_provider("assume-role")
            provider._client_creator = lambda _, aws_access_key_id, **rest: Notes(calls, aws_access_key_id)
            credentials = resolver.load_credentials()
            if credentials is None:
                answer = {"refused": "none"}
            else:
                credentials.get_frozen_credentials()
                answer = {"calls": calls}
        except Exception as error:
            answer = {"refused": repr(error)}
        print(json.dumps(answer))
