"""Every statement of the store on real TimescaleDB code: its WASM build, or the server of KSYS_TEST_DSN."""
