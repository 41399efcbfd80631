from google.protobuf import json_format, struct_pb2, timestamp_pb2


def messages(given={"a": [1.0, "x", None], "b": {"c": True}}):
    """Encodes messages as bytes and JSON."""
    message = struct_pb2.Struct()
    message.update(given)
    back = struct_pb2.Struct.FromString(message.SerializeToString(deterministic=True))
    stamp = timestamp_pb2.Timestamp()
    stamp.FromJsonString("2026-01-02T03:04:05.5Z")
    return [json_format.MessageToDict(back), stamp.seconds, stamp.nanos, message == back]


def described(given=5):
    """Makes a message's class of a description."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="job.proto", package="job", syntax="proto3")
    message = file.message_type.add(name="Item")
    message.field.add(name="id", number=1, type=5, label=1)
    message.field.add(name="tags", number=2, type=9, label=3)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    item = message_factory.GetMessageClass(pool.FindMessageTypeByName("job.Item"))(
        id=given, tags=["a", "b"]
    )
    return [item.SerializeToString().hex(), str(item)]
