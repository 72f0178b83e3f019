"""Marks what may be told over the control plane: a key that does not exist is an error, and bytes are base64."""

from typing import Final

from pydantic import ConfigDict, with_config

strict: Final = with_config(ConfigDict(extra="forbid", val_json_bytes="base64", allow_inf_nan=False))
