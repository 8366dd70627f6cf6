from ksys_core.store.server_setup import dsn_of, scram_verifier


def test_verifier_is_the_one_of_rfc_7677() -> None:
    """The example of RFC 7677, section 3: password "pencil", its salt and 4096 rounds."""
    import base64

    verifier = scram_verifier("pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
    assert verifier == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )


def test_address_takes_another_login_and_database() -> None:
    there = dsn_of("postgresql://admin:x@db.example:5433/postgres?sslmode=require", "ksys", "p@ss/1", "plant")
    assert there == "postgresql://ksys:p%40ss%2F1@db.example:5433/plant?sslmode=require"
