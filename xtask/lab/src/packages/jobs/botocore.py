import datetime

import botocore.session
from botocore.stub import Stubber


def _client(service):
    session = botocore.session.Session()
    session.set_credentials("AKID", "SECRET")
    return session.create_client(
        service, region_name="us-east-1", config=botocore.config.Config(signature_version="v4")
    )


def signed(given="key with ž"):
    """Makes an address that is signed, for a service in its data."""
    address = _client("s3").generate_presigned_url(
        "get_object", Params={"Bucket": "bucket", "Key": given}
    )
    return [address.split("X-Amz-Date")[0], "X-Amz-Signature=" in address]


def stubbed(given={"Messages": [{"Body": "hello", "MessageId": "1"}]}):
    """Answers a client's calls by a stub, and checks what they are given."""
    client = _client("sqs")
    with Stubber(client) as stub:
        stub.add_response("receive_message", given, {"QueueUrl": "https://q"})
        answer = client.receive_message(QueueUrl="https://q")
    try:
        client.receive_message(Queue=1)
        refused = None
    except botocore.exceptions.ParamValidationError as error:
        refused = str(error)
    return [answer, refused]
