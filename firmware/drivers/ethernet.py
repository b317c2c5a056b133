"""The cable, where the board has one: a PHY at the ESP32's own pins, or a W5500 on SPI."""

import machine
import network

# kind in the board's facts: name of the port's constant
_PHYS = (("w5500", "PHY_W5500"), ("lan8720", "PHY_LAN8720"), ("rtl8201", "PHY_RTL8201"), ("ip101", "PHY_IP101"),
         ("dp83848", "PHY_DP83848"), ("ksz8041", "PHY_KSZ8041"), ("ksz8081", "PHY_KSZ8081"))


def _pin(number):
    return None if number is None else machine.Pin(number)


def _lan(block, pins):
    """The port's interface; raises what its parts raise."""
    phy = [getattr(network, name) for kind, name in _PHYS if kind == block["kind"]][0]
    if block["kind"] == "w5500":
        bus = machine.SPI(2, baudrate=20000000, sck=machine.Pin(pins["spi_sck"]), mosi=machine.Pin(pins["spi_mosi"]),
                          miso=machine.Pin(pins["spi_miso"]))
        return network.LAN(0, spi=bus, cs=machine.Pin(pins["ethernet_cs"]), int=machine.Pin(pins["ethernet_irq"]), phy_type=phy,
                           phy_addr=block.get("phy_address", 0))
    return network.LAN(0, mdc=machine.Pin(pins["ethernet_mdc"]), mdio=machine.Pin(pins["ethernet_mdio"]),
                       power=_pin(pins["ethernet_power"]), phy_type=phy, phy_addr=block.get("phy_address", 0))


class Ethernet:
    """block, pins: of the board's facts. begin() before anything else."""

    def __init__(self, block, pins):
        self._block = dict(block)
        self._pins = dict([(name, pins.get(name)) for name in (
            "spi_sck", "spi_mosi", "spi_miso", "ethernet_cs", "ethernet_irq", "ethernet_mdc", "ethernet_mdio", "ethernet_power")])
        self._lan = None
        self._fixed = False

    def begin(self):
        """Start it; raises OSError or ValueError where the chip does not answer."""
        self._lan = _lan(self._block, self._pins)
        self._lan.active(True)

    def look(self, seen):
        """Fill in what network.manager.Seen has of the cable."""
        lan = self._lan
        seen.wire_ip = None
        if lan is None:
            seen.wire = None
        elif lan.isconnected():
            seen.wire = "up"
            seen.wire_ip = lan.ifconfig()[0]
        else:
            seen.wire = "no_address" if lan.status() == network.ETH_CONNECTED else "down"

    def use(self, address):
        """None: DHCP; or (ip, mask, gateway, dns)."""
        if self._lan is None:
            return
        if address is not None:
            self._lan.ifconfig(address)
        elif self._fixed:
            self._lan.ifconfig("dhcp")        # raises where the DHCP client runs already
        self._fixed = address is not None


def from_board(facts):
    """The Ethernet of a board, None where it has none."""
    return Ethernet(facts["ethernet"], facts["pins"]) if facts.get("ethernet") else None
