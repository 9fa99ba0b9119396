"""Makes imports.json: credentials of the real libraries, with the clock stopped at 2026-01-02T03:04:05Z.

Run by hand where they are installed (flask, flask-login, flask-session, pyjwt, cryptography, starlette):
    python make.py > imports.json
"""

import base64
import datetime
import decimal
import hashlib
import hmac
import json
import pickle
import sys
import time
import uuid
import zlib
from importlib.metadata import version

NOW = 1767323045
time.time = lambda: NOW

import flask  # noqa: E402
import itsdangerous  # noqa: E402
import jwt  # noqa: E402
import msgspec  # noqa: E402
from cryptography.fernet import Fernet  # noqa: E402
from flask.sessions import SecureCookieSessionInterface  # noqa: E402
from flask_login.utils import encode_cookie  # noqa: E402
from markupsafe import Markup  # noqa: E402
from werkzeug.http import dump_cookie  # noqa: E402


def b64(data):
    return base64.b64encode(data).decode()


def flask_part():
    app = flask.Flask("app")
    app.secret_key = "your_secret_key"
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    tagged = {
        "t": (1, 2),
        "b": b"\x00\xff",
        "m": Markup("<b>"),
        "u": uuid.UUID("12345678-1234-5678-1234-567812345678"),
        "d": datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
        "di": {" t": 1},
        "nest": [{"x": (b"z",)}],
        "username": "test_user",
    }
    sessions = {
        "login": {"_permanent": True, "username": "test_user"},
        "empty": {},
        "unicode": {"username": "张三"},
        "compressed": {"username": "test_user", "data": "a" * 500},
        "tagged": tagged,
        "big": {"username": 9007199254740993},
        "number": {"username": 42},
        "floating": {"username": 4.5},
        "proto": {"__proto__": {"admin": True}, "constructor": 1, "username": "test_user"},
    }
    cookies = {name: signer.dumps(value) for name, value in sessions.items()}
    cookies["bomb"] = signer.dumps({"username": "test_user", "x": "a" * 2_000_000})
    deep = "1"
    for _ in range(150):
        deep = [deep]
    cookies["deep"] = signer.dumps({"username": "test_user", "x": deep})
    raw = itsdangerous.TimestampSigner(
        "your_secret_key", salt="cookie-session", key_derivation="hmac", digest_method=hashlib.sha1
    )

    def packed(text):
        return raw.sign(b"." + itsdangerous.encoding.base64_encode(zlib.compress(text))).decode()

    tower = b"[" * 100_000 + b"]" * 100_000
    cookies["tower"] = packed(b'{"username":"test_user","x":' + tower + b"}")
    cookies["list"] = packed(b'["test_user"]')
    cookies["nan"] = packed(b'{"username":"test_user","x":NaN}')
    cookies["bad_tag"] = packed(b'{"username":"test_user","x":{" u":"zz"}}')
    with app.app_context():
        remember = {user: encode_cookie(user) for user in ["42", "a|b", "张三", "7"]}
    written = {user: dump_cookie("remember_token", value).split(";")[0] for user, value in remember.items()}
    other = itsdangerous.URLSafeTimedSerializer(
        "your_secret_key",
        salt="another-salt",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha1},
    )
    cookies["other_salt"] = other.dumps({"username": "test_user"})
    sid = "AhvzFMAc7ecj0bVH_Zx5sFoNjKpFLDNEpozMYvz8oiQ"
    signed = itsdangerous.Signer("your_secret_key", salt="flask-session", key_derivation="hmac").sign(sid).decode()
    return {
        "secret": "your_secret_key",
        "cookies": cookies,
        "remember": remember,
        "rememberWritten": written,
        "sid": sid,
        "signedSid": signed,
    }


def store_part():
    values = {
        "login": {"_permanent": True, "username": "test_user"},
        "kinds": {
            "username": "test_user",
            "aware": datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.timezone.utc),
            "naive": datetime.datetime(2026, 1, 2, 3, 4, 5),
            "uuid": uuid.UUID("12345678-1234-5678-1234-567812345678"),
            "decimal": decimal.Decimal("1.10"),
            "bytes": b"\x00\xff",
            "tuple": (1, 2),
            "none": None,
            "float": 1.5,
            "big": 2**63,
            "neg": -5,
            "text": "张三",
            "nested": {"a": [1, {"b": True}]},
        },
    }
    plain = {
        "_permanent": True,
        "username": "old",
        "n": 1,
        "f": 1.5,
        "l": [1, "a", None],
        "t": (1, 2),
        "b": b"x",
        "big": 2**70,
        "neg": -3,
        "u": "张三",
        "astral": "a\U0001f600\\u0041",
        "empty": [{}, [], ()],
    }
    return {
        "msgpack": {name: b64(msgspec.msgpack.encode(value)) for name, value in values.items()},
        "json": {name: b64(msgspec.json.encode(value)) for name, value in values.items()},
        "pickle": {str(protocol): b64(pickle.dumps(plain, protocol)) for protocol in range(6)},
        "pickleSet": b64(pickle.dumps({"username": "old", "s": {1}}, 4)),
        "pickleHostile": hostile(),
    }


class Runs:
    def __reduce__(self):
        return (eval, ("1+1",))


class Holds:
    def __init__(self):
        self.username = "old"


class Grows(dict):
    pass


def hostile():
    held = Holds()
    made = {f"eval_{protocol}": pickle.dumps({"username": Runs()}, protocol) for protocol in range(6)}
    made |= {f"instance_{protocol}": pickle.dumps({"username": "old", "x": held}, protocol) for protocol in range(6)}
    made |= {
        "top_instance": pickle.dumps(held, 4),
        "dict_subclass": pickle.dumps(Grows(username="old"), 4),
        "function": pickle.dumps({"username": "old", "f": hostile}, 4),
        "date": pickle.dumps({"username": "old", "d": datetime.datetime(2026, 1, 2)}, 4),
        "named_and_dropped": b"cos\nsystem\n0(Vusername\nVold\nd.",
        "encode_instance": b"\x80\x02c_codecs\nencode\n)\x81}(X\x08\0\0\0usernameX\x03\0\0\0oldub.",
        "codec_inside": b"(Vusername\nVold\nVx\nc_codecs\nencode\n(Vx\nVrot13\ntRd.",
        "number_names": pickle.dumps({1: "a", "username": "old"}, 4),
        "no_utf8": b"\x80\x02}X\x08\0\0\0usernameX\x02\0\0\0\xff\xfes.",
        "system": b"cos\nsystem\n(S'id'\ntR.",
        "inst": b"(S'id'\nios\nsystem\n.",
        "obj": b"(cos\nsystem\nS'id'\no.",
        "persistent": b"Pid\n.",
        "persistent_binary": b"\x80\x02U\x02idQ.",
        "extension": b"\x80\x02\x82\x01.",
        "codec_decode": b"c_codecs\ndecode\n(Vx\nVhex\ntR.",
        "codec_other": b"c_codecs\nencode\n(Vx\nVrot13\ntR.",
        "laughs": laughs(),
        "cut": pickle.dumps({"username": "old"}, 4)[:-3],
        "behind": pickle.dumps({"username": "old"}, 4) + b"x",
        "huge_length": b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",
        "list": pickle.dumps(["old"], 4),
    }
    return {name: b64(data) for name, data in made.items()}


def laughs():
    level = ["ha"] * 10
    for _ in range(30):
        level = [level] * 10
    return pickle.dumps({"username": "old", "x": level}, 4)


def persist_part():
    key = bytes(range(32))
    name = "3f2b8f6e-9c1d-4e4b-8a6e-0d9b6c1e2f30"
    signature = hmac.new(key, name.encode(), hashlib.sha256).hexdigest()

    class AppState:
        pass

    AppState.__module__, AppState.__qualname__ = "appmod", "AppState"
    module = type(sys)("appmod")
    module.AppState = AppState
    sys.modules["appmod"] = module
    state = AppState()
    state.__dict__.update(count=5, items=["x"], username="anna", _is_temp_placeholder=False, _cookie_uuid=name)
    nested = AppState()
    nested.__dict__.update(username="anna", inner=state)
    return {
        "keyHex": key.hex(),
        "uuid": name,
        "cookie": f"{name}.{signature}",
        "files": {str(protocol): b64(pickle.dumps(state, protocol)) for protocol in (2, 4, 5)},
        "nested": b64(pickle.dumps(nested, 4)),
        "hostile": b64(pickle.dumps(Runs(), 4)),
        "calls": b64(b"\x80\x02cappmod\nAppState\n)\x81}(X\x01\0\0\0xcos\nsystem\nX\x02\0\0\0idX\x06\0\0\0latin1\x86Rub."),
    }


def jwt_part():
    secret = "your_jwt_secret"
    user = {"username": "test_user"}
    claims = {
        "seed": {**user, "exp": NOW + 86_400},
        "unicode": {"username": "张三", "exp": NOW + 60},
        "no_exp": user,
        "exp_now": {**user, "exp": NOW},
        "exp_next": {**user, "exp": NOW + 1},
        "exp_fraction": {**user, "exp": NOW + 0.9},
        "exp_text": {**user, "exp": "x"},
        "nbf_now": {**user, "exp": NOW + 60, "nbf": NOW},
        "nbf_next": {**user, "exp": NOW + 60, "nbf": NOW + 1},
        "iat_now": {**user, "exp": NOW + 60, "iat": NOW},
        "iat_next": {**user, "exp": NOW + 60, "iat": NOW + 1},
        "jti_number": {**user, "exp": NOW + 60, "jti": 1},
        "aud": {**user, "exp": NOW + 60, "aud": "survey"},
        "aud_list": {**user, "exp": NOW + 60, "aud": ["other", "survey"]},
        "iss": {**user, "exp": NOW + 60, "iss": "https://id.example.org"},
        "sub": {"sub": "42", "exp": NOW + 60, "type": "access", "fresh": False},
        "refresh": {"sub": "42", "exp": NOW + 60, "type": "refresh"},
        "big": {"username": 9007199254740993, "exp": NOW + 60},
    }
    tokens = {name: jwt.encode(value, secret, "HS256") for name, value in claims.items()}
    seed = claims["seed"]
    tokens["hs512"] = jwt.encode(seed, secret, "HS512")
    tokens["none"] = jwt.encode(seed, None, "none")
    tokens["crit"] = jwt.encode(seed, secret, "HS256", headers={"crit": ["x"], "x": 1})
    tokens["kid"] = jwt.encode(seed, secret, "HS256", headers={"kid": "k1"})
    tokens["other_secret"] = jwt.encode(seed, "another_secret", "HS256")
    authenticator = {
        "login": {"username": "jsmith", "exp_date": NOW + 2_592_000.0},
        "case": {"username": " JSmith ", "exp_date": NOW + 60.5},
        "over": {"username": "jsmith", "exp_date": NOW - 0.5},
        "now": {"username": "jsmith", "exp_date": float(NOW)},
        "never": {"username": "jsmith"},
        "text": {"username": "jsmith", "exp_date": "9999999999"},
        "foreign": {"username": "jsmith", "exp_date": NOW + 60.0, "exp": NOW + 60},
    }
    return {
        "secret": secret,
        "tokens": tokens,
        "authenticatorKey": "some_key",
        "authenticator": {name: jwt.encode(value, "some_key", "HS256") for name, value in authenticator.items()},
    }


def fernet_part():
    salt = bytes(range(16))
    key = hashlib.pbkdf2_hmac("sha256", b"My secret password", salt, 390_000, 32)
    fernet = Fernet(base64.urlsafe_b64encode(key))
    iv = bytes(range(16))

    def box(value, at=NOW):
        return fernet._encrypt_from_parts(value, at, iv).decode()

    return {
        "password": "My secret password",
        "keyParams": f"{b64(salt)}:390000:{b64(bytes(range(16, 32)))}",
        "keyHex": key.hex(),
        "tokens": {
            "user": box(b"anna"),
            "hello": box(b"hello"),
            "old": box(b"anna", NOW - 366 * 86_400),
            "ahead": box(b"anna", NOW + 60),
        },
    }


def streamlit_part():
    secret, name = "cookie_secret", "_streamlit_user"
    signer = itsdangerous.URLSafeTimedSerializer(secret, salt=name)
    signed_in = {"origin": "http://localhost:8501", "is_logged_in": True, "email": "a@b.c"}

    def tornado(data, cookie=name):
        value = b64(json.dumps(data).encode())
        signed = f"2|1:0|10:{NOW}|{len(cookie)}:{cookie}|{len(value)}:{value}|"
        return signed + hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()

    return {
        "secret": secret,
        "starlette": {
            "login": signer.dumps(json.dumps(signed_in)),
            "out": signer.dumps(json.dumps(signed_in | {"is_logged_in": False})),
            "once": signer.dumps(signed_in),
            "tokens": itsdangerous.URLSafeTimedSerializer(secret, salt=name + "_tokens").dumps(json.dumps(signed_in)),
        },
        "tornado": {
            "login": tornado(signed_in),
            "out": tornado(signed_in | {"is_logged_in": False}),
            "xsrf": tornado(signed_in, "_streamlit_xsrf"),
        },
    }


def starlette_part():
    signer = itsdangerous.TimestampSigner("private key")

    def cookie(data):
        return signer.sign(base64.b64encode(json.dumps(data).encode())).decode()

    return {
        "secret": "private key",
        "cookies": {
            "id": cookie({"id": "11111111-2222-4333-8444-555555555555"}),
            "login": cookie({"username": "anna", "n": [1, {"a": None}]}),
            "list": cookie(["anna"]),
        },
    }


names = ["Flask", "Flask-Login", "itsdangerous", "PyJWT", "msgspec", "cryptography", "Werkzeug"]
print(
    json.dumps(
        {
            "now": NOW,
            "madeWith": {name: version(name) for name in names} | {"python": sys.version.split()[0]},
            "flask": flask_part(),
            "flaskStore": store_part(),
            "persist": persist_part(),
            "pyjwt": jwt_part(),
            "fernet": fernet_part(),
            "starlette": starlette_part(),
            "streamlit": streamlit_part(),
        },
        ensure_ascii=False,
        indent=1,
    )
)
