"""Who a twin is and who may log in to it, for those who ask over its page."""

# What the label of a twin says. Its page listens on this machine only; whoever wants secrets hands others in.
IDENTITY = {"serial": "M3-TWIN-0001", "ssid": "Mode3-TWIN-0001", "hotspot_key": "twin-hotspot", "password": "twin-label",
            "recovery_key": "twin-recovery-key-01", "puk": "12345678"}
# What somebody would have chosen at the first log-in: passwords of user and admin, and a token that may command.
ACCESS = {"admin_password": "Twin-admin-1", "user_password": "Twin-user-1", "control_token": "m3_twin-control-token-0000000001"}
