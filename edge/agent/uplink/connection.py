"""One MQTT 5 connection over paho: opened once, never reused; what happens on it comes out as signals.

A new client for each connection means that nothing stale is queued inside the library: the outbox alone
decides what is sent. Acknowledgements and commands wait for us in the broker's session.
"""

import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge.agent.uplink.broker_settings import BrokerSettings, TlsSettings
from redwhistle.contracts.topics import TO_BOX, Leaf, build, parse
from redwhistle.errors import ConfigurationError, Malformed


@dataclass(frozen=True, slots=True)
class Accepted:
    """The broker accepted the connection and was asked for our subscriptions."""

    session_present: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection ended or was refused."""

    why: str


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The broker took message `mid` over, or refused it."""

    mid: int
    refused: str | None


@dataclass(frozen=True, slots=True)
class Received:
    """A message for this box."""

    leaf: Leaf
    payload: bytes
    retained: bool


Signal = Accepted | Lost | Confirmed | Received


class LinkError(Exception):
    """The connection could not be opened or used; the text says why. Stays inside the uplink."""


class MqttConnection:
    """`emit` is called from the library's thread and must return at once."""

    def __init__(self, settings: BrokerSettings, site: str, box: str, emit: Callable[[Signal], None]) -> None:
        self._settings = settings
        self._site, self._box = site, box
        self._emit = emit
        client = Client(
            CallbackAPIVersion.VERSION2, client_id=box, protocol=MQTTv5, reconnect_on_failure=False
        )
        client.connect_timeout = settings.connect_timeout_s
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        self._client = client

    def open(self, will: bytes) -> None:
        """Connect (blocking, at most `connect_timeout_s` for each address) and ask to be accepted; raise LinkError."""
        settings = self._settings
        try:
            self._prove_identity()
            if settings.tls is not None:
                self._client.tls_set_context(make_tls_context(settings.tls))
        except ConfigurationError as error:
            raise LinkError(str(error)) from error
        delay = Properties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]
        delay.WillDelayInterval = settings.will_delay_s
        state = build(self._site, self._box, Leaf.STATE)
        self._client.will_set(state, will, qos=1, retain=True, properties=delay)
        session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        session.SessionExpiryInterval = settings.session_expiry_s
        try:
            self._client.connect(
                settings.host, settings.port, settings.keepalive_s, clean_start=False, properties=session
            )
        except (OSError, ValueError) as error:
            raise LinkError(explain(error)) from error
        self._client.loop_start()

    def publish(self, leaf: Leaf, payload: bytes, *, retain: bool = False) -> int:
        """Hand a message to the socket, QoS 1; return its id. Raises LinkError when the connection is gone."""
        topic = build(self._site, self._box, leaf)
        info = self._client.publish(topic, payload, qos=1, retain=retain)
        if info.rc is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise LinkError(f"cannot publish: {info.rc.name}")
        return info.mid

    def close(self) -> None:
        """End the connection and its thread."""
        with suppress(OSError, ValueError):
            self._client.disconnect()
        self._client.loop_stop()

    def _prove_identity(self) -> None:
        file = self._settings.password_file
        if file is None:
            if self._settings.username is not None:
                self._client.username_pw_set(self._settings.username)
            return
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"broker.password_file cannot be read: {error}") from error
        self._client.username_pw_set(self._settings.username or self._box, lines[0] if lines else "")

    def _on_connect(
        self,
        client: Client,
        _userdata: object,
        flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._emit(Lost(f"the broker refuses this box: {reason}"))
            return
        # retainHandling: no stale acknowledgement or command; retainAsPublished: a retained command is seen as such.
        options = SubscribeOptions(
            qos=1, retainAsPublished=True, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND
        )
        topics = [(build(self._site, self._box, leaf), options) for leaf in sorted(TO_BOX)]
        client.subscribe(topics)
        self._emit(Accepted(flags.session_present))

    def _on_subscribe(
        self,
        _client: Client,
        _userdata: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            self._emit(
                Lost(f"the broker refuses the box's own topics ({refused[0]}): check its access rules")
            )

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        taken_over = "another client uses this box's id" if reason.value == _TAKEN_OVER else str(reason)
        self._emit(Lost(taken_over))

    def _on_publish(
        self, _client: Client, _userdata: object, mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        self._emit(Confirmed(mid, str(reason) if reason.is_failure else None))

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        with suppress(Malformed):  # a topic that is not ours: not subscribed to, so the broker's fault
            self._emit(Received(parse(message.topic).leaf, bytes(message.payload), message.retain))


def make_tls_context(tls: TlsSettings) -> ssl.SSLContext:
    """TLS 1.2 or later with the peer and its name checked; raise ConfigurationError for files that cannot be used."""
    try:
        context = ssl.create_default_context(cafile=None if tls.ca_file is None else str(tls.ca_file))
        if tls.cert_file is not None and tls.key_file is not None:
            context.load_cert_chain(str(tls.cert_file), str(tls.key_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"broker.tls: the certificate files cannot be used ({error}): check ca_file, cert_file and key_file"
        ) from error
    return context


def explain(error: Exception) -> str:
    """Why a connection could not be opened, and what is awaited or to be done."""
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code == _NOT_YET_VALID:
            return (
                "by this box's clock the broker's certificate is not valid yet: the clock is probably not set; "
                "trying again until the time is synchronised"
            )
        return f"the broker's certificate is refused: {error.verify_message}; check broker.host and broker.tls.ca_file"
    if isinstance(error, ssl.SSLError):
        return f"TLS fails: {error}; check broker.port and broker.tls"
    return f"the broker cannot be reached: {error}"


_NOT_YET_VALID = 9  # X509_V_ERR_CERT_NOT_YET_VALID
_TAKEN_OVER = 0x8E
