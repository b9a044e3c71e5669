"""What people are told when a connection fails."""

import ssl
from pathlib import Path

import pytest

from edge.agent.uplink.broker_settings import BrokerSettings, TlsSettings
from edge.agent.uplink.connection import explain, make_tls_context
from redwhistle.errors import ConfigurationError


def test_a_certificate_of_the_future_is_blamed_on_the_clock() -> None:
    error = ssl.SSLCertVerificationError("certificate verify failed")
    error.verify_code, error.verify_message = 9, "certificate is not yet valid"
    assert "clock is probably not set" in explain(error)
    error.verify_code, error.verify_message = 10, "certificate has expired"
    assert "certificate has expired" in explain(error)


def test_missing_certificate_files_are_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="ca_file"):
        make_tls_context(TlsSettings(ca_file=tmp_path / "missing.pem"))


def test_certificate_and_key_go_together() -> None:
    with pytest.raises(ValueError, match="give both or neither"):
        BrokerSettings.model_validate({"host": "a", "tls": {"cert_file": "c.pem"}})
