from dataclasses import dataclass


@dataclass
class MatInfo:
    op_name: str
    mat_title: str
    mat_data_json: str


@dataclass
class InitArgs:
    expected_ops: list
    metatype_version: str


@dataclass
class InitResponse:
    ok: bool


@dataclass
class InitError_VersionMismatch:
    value: str


@dataclass
class InitError_UnexpectedMat:
    value: MatInfo


@dataclass
class InitError_Other:
    value: str


@dataclass
class HandleReq:
    op_name: str
    in_json: str


@dataclass
class HandleErr_NoHandler:
    pass


@dataclass
class HandleErr_InJsonErr:
    value: str


@dataclass
class HandleErr_HandlerErr:
    value: str
