"""OpenAPI v2 documents in gnostic's protobuf (package openapi.v2): the fields of its messages, and the writer."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

MEDIA_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
FORMER_MEDIA_TYPE = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
"""What clients ask for; the answer has the other, whose name is a valid one."""

_BOUNDS = (
    "maximum:double exclusiveMaximum:bool minimum:double exclusiveMinimum:bool maxLength:int minLength:int pattern "
    "maxItems:int minItems:int uniqueItems:bool"
)
_VALUES = f"items:PrimitivesItems collectionFormat default:any {_BOUNDS} enum:any* multipleOf:double"
_NAMED = f"name type format {_VALUES} x-"

_FIELDS = {
    "ApiKeySecurity": "type name in description x-",
    "BasicAuthenticationSecurity": "type description x-",
    "BodyParameter": "description name in required:bool schema:Schema x-",
    "Contact": "name url email x-",
    "Document": "swagger info:Info host basePath schemes:str* consumes:str* produces:str* paths:Paths "
    "definitions:{Schema} parameters:{Parameter} responses:{Response} security:SecurityRequirement* "
    "securityDefinitions:{SecurityDefinitionsItem} tags:Tag* externalDocs:ExternalDocs x-",
    "ExternalDocs": "description url x-",
    "FileSchema": "format title description default:any required:str* type readOnly:bool externalDocs:ExternalDocs "
    "example:any x-",
    "FormDataParameterSubSchema": f"required:bool in description name allowEmptyValue:bool type format {_VALUES} x-",
    "Header": f"type format {_VALUES} description x-",
    "HeaderParameterSubSchema": f"required:bool in description {_NAMED}",
    "Info": "title version description termsOfService contact:Contact license:License x-",
    "JsonReference": "$ref description",
    "License": "name url x-",
    "Oauth2AccessCodeSecurity": "type flow scopes:{str} authorizationUrl tokenUrl description x-",
    "Oauth2ApplicationSecurity": "type flow scopes:{str} tokenUrl description x-",
    "Oauth2ImplicitSecurity": "type flow scopes:{str} authorizationUrl description x-",
    "Oauth2PasswordSecurity": "type flow scopes:{str} tokenUrl description x-",
    "Operation": "tags:str* summary description externalDocs:ExternalDocs operationId produces:str* consumes:str* "
    "parameters:ParametersItem* responses:Responses schemes:str* deprecated:bool security:SecurityRequirement* x-",
    "PathItem": "$ref get:Operation put:Operation post:Operation delete:Operation options:Operation head:Operation "
    "patch:Operation parameters:ParametersItem* x-",
    "PathParameterSubSchema": f"required:bool in description {_NAMED}",
    "PrimitivesItems": f"type format {_VALUES} x-",
    "QueryParameterSubSchema": f"required:bool in description name allowEmptyValue:bool type format {_VALUES} x-",
    "Response": "description schema:SchemaItem headers:{Header} examples:{any} x-",
    "Schema": f"$ref format title description default:any multipleOf:double {_BOUNDS} maxProperties:int "
    "minProperties:int required:str* enum:any* additionalProperties:AdditionalPropertiesItem type:TypeItem "
    "items:ItemsItem allOf:Schema* properties:{Schema} discriminator readOnly:bool xml:Xml "
    "externalDocs:ExternalDocs example:any x-",
    "Tag": "name description externalDocs:ExternalDocs x-",
    "Xml": "name namespace prefix attribute:bool wrapped:bool x-",
}
"""The keys of each message in the order of their numbers, which begin at 1. After the colon the type of the value,
text where there is none: `T*` many, `{T}` a map, which is a message of name and value pairs. `x-`: the extensions."""

_PARAMETERS = {"header": "Header", "formData": "FormData", "query": "Query", "path": "Path"}
_FLOWS = {"implicit": "Implicit", "password": "Password", "application": "Application", "accessCode": "AccessCode"}

_Writer = Callable[[Any], bytes]


def document_protobuf(document: Mapping[str, Any]) -> bytes:
    """A whole document. Keys that v2 does not know are left out, for no message has a place for them. Raises
    ValueError if a value is of another type than its key's."""
    try:
        return _WRITERS["Document"](document)
    except (AttributeError, KeyError, TypeError, ValueError, struct.error, RecursionError) as error:
        raise ValueError(f"not an OpenAPI v2 document: {type(error).__name__}: {error}") from error


def _varint(value: int) -> bytes:
    if 0 <= value < 0x80:
        return bytes((value,))
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _key(number: int, wire_type: int = 2) -> bytes:
    return _varint(number << 3 | wire_type)


def _sized(key: bytes, data: bytes) -> bytes:
    return key + _varint(len(data)) + data


_FIRST, _SECOND = _key(1), _key(2)


def _text(value: str) -> bytes:
    return value.encode()


def _any(value: Any) -> bytes:
    """The value as YAML, of which JSON is a part."""
    return _sized(_SECOND, msgspec.json.encode(value) + b"\n")


def _pair(name: str, data: bytes) -> bytes:
    return _sized(_FIRST, name.encode()) + _sized(_SECOND, data)


def _field(number: int, type_name: str) -> _Writer:
    """Writes one field of a message, its key included; text, numbers and booleans that are nothing are not written."""
    key = _key(number)
    match type_name:
        case "bool":
            true = _key(number, 0) + b"\1"
            return lambda value: true if value else b""
        case "int":
            plain = _key(number, 0)
            return lambda value: plain + _varint(int(value)) if value else b""
        case "double":
            fixed = _key(number, 1)
            return lambda value: fixed + struct.pack("<d", value) if value else b""
        case "str":
            return lambda value: _sized(key, value.encode()) if value else b""
    if type_name.endswith("*"):
        one = _writer(type_name[:-1])
        return lambda values: b"".join([_sized(key, one(value)) for value in values])
    whole = _writer(type_name)
    return lambda value: _sized(key, whole(value))


def _writer(type_name: str) -> _Writer:
    """Writes one value; looked up when it is needed, for types contain each other."""
    if type_name.startswith("{"):
        return _map(type_name[1:-1])
    return lambda value: _WRITERS[type_name](value)


def _map(type_name: str) -> _Writer:
    one = _writer(type_name)
    return lambda values: b"".join([_sized(_FIRST, _pair(name, one(value))) for name, value in values.items()])


def _message(fields: str) -> _Writer:
    known: dict[str, tuple[int, _Writer]] = {}
    for number, field in enumerate(fields.split(), 1):
        name, _, type_name = field.partition(":")
        known[name] = number, _field(number, type_name or "str")
    extension = len(known)
    extension_key = _key(extension)

    def write(body: Mapping[str, Any]) -> bytes:
        parts = []
        for name, value in body.items():
            field = known.get(name)
            if field is not None:
                parts.append((field[0], field[1](value)))
            elif name.startswith("x-"):
                parts.append((extension, _sized(extension_key, _pair(name, _any(value)))))
        parts.sort(key=lambda part: part[0])
        return b"".join([part[1] for part in parts])

    return write


def _either(key: bytes, type_name: str, value: Any) -> bytes:
    """One alternative of a message that has several."""
    return _sized(key, _WRITERS[type_name](value))


def _parameter(value: Mapping[str, Any]) -> bytes:
    place = value["in"]
    if place == "body":
        return _either(_FIRST, "BodyParameter", value)
    name = f"{_PARAMETERS[place]}ParameterSubSchema"
    return _sized(_SECOND, _either(_key(list(_PARAMETERS).index(place) + 1), name, value))


def _security(value: Mapping[str, Any]) -> bytes:
    if value["type"] == "basic":
        return _either(_FIRST, "BasicAuthenticationSecurity", value)
    if value["type"] == "apiKey":
        return _either(_SECOND, "ApiKeySecurity", value)
    flow = value["flow"]
    name = f"Oauth2{_FLOWS[flow]}Security"
    return _either(_key(list(_FLOWS).index(flow) + 3), name, value)


def _or_reference(type_name: str) -> _Writer:
    def write(value: Mapping[str, Any]) -> bytes:
        refers = "$ref" in value
        return _either(_SECOND if refers else _FIRST, "JsonReference" if refers else type_name, value)

    return write


def _additional_properties(value: Any) -> bytes:
    if isinstance(value, bool):
        return _key(2, 0) + (b"\1" if value else b"\0")
    return _either(_FIRST, "Schema", value)


def _listed(type_name: str) -> _Writer:
    """One value or several."""

    def write(value: Any) -> bytes:
        values = value if isinstance(value, list) else [value]
        return b"".join([_either(_FIRST, type_name, each) for each in values])

    return write


def _split(named: bytes, extensions: bytes, type_name: str) -> _Writer:
    """A map in which extensions are apart."""

    def write(values: Mapping[str, Any]) -> bytes:
        parts: Iterable[bytes] = (
            _sized(extensions, _pair(name, _any(value)))
            if name.startswith("x-")
            else _sized(named, _pair(name, _WRITERS[type_name](value)))
            for name, value in values.items()
        )
        return b"".join(parts)

    return write


def _schema_item(value: Mapping[str, Any]) -> bytes:
    file = value.get("type") == "file"
    return _either(_SECOND if file else _FIRST, "FileSchema" if file else "Schema", value)


_WRITERS: dict[str, _Writer] = {
    **{name: _message(fields) for name, fields in _FIELDS.items()},
    "AdditionalPropertiesItem": _additional_properties,
    "ItemsItem": _listed("Schema"),
    "Parameter": _parameter,
    "ParametersItem": _or_reference("Parameter"),
    "Paths": _split(_SECOND, _FIRST, "PathItem"),
    "ResponseValue": _or_reference("Response"),
    "Responses": _split(_FIRST, _SECOND, "ResponseValue"),
    "SchemaItem": _schema_item,
    "SecurityDefinitionsItem": _security,
    "SecurityRequirement": _map("strings"),
    "TypeItem": _listed("str"),
    "any": _any,
    "str": _text,
    "strings": _listed("str"),
}
