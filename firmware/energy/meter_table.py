"""THE table of meters: which registers say what. One row a map, one line of text for its values.

    name, models, function code, registers per read, largest hole to read across, baud, parity, evidence, registers

`registers` is a list, separated by `;`, in the words of meter_types.py: quantity [fc3|fc4] format scale address [address address].
Addresses are those of the protocol, counted from 0; raw × scale is V, A, W or Wh. A quantity named again is added.
`energy` is what the vehicle has drawn. Across holes is only read where the map is dense; a meter that refuses such a read is
asked without them from then on.

Baud and parity are what the vendor ships, 0 and "" where that is not known: a hint for people, the line has its own settings.
Evidence: "source" = as in the source of the open projects mbmd and evcc, "manual" = in the vendor's manual, "unverified" = in
neither, or only in part. None of it replaces a try with the meter itself.
"""

_EASTRON = (
    "voltage f32 1 0x0000 0x0002 0x0004;current f32 1 0x0006 0x0008 0x000A;power_phases f32 1 0x000C 0x000E 0x0010;"
    "power f32 1 0x0034;energy f32 1000 0x0048"
)
_EASTRON_1 = "voltage f32 1 0x0000;current f32 1 0x0006;power f32 1 0x000C;energy f32 1000 0x0048"
_GAVAZZI = (
    "voltage s32_lo 1/10 0x0000 0x0002 0x0004;current s32_lo 1/1000 0x000C 0x000E 0x0010;"
    "power_phases s32_lo 1/10 0x0012 0x0014 0x0016;power s32_lo 1/10 0x0028;energy s32_lo 100 0x0034;"
    "energy_phases s32_lo 100 0x0040 0x0042 0x0044"
)

METERS = (
    # ABB: between U and I stand the voltages between phases, behind I the neutral's current.
    ("abb_b23", "ABB B23, B24, A43, A44", 3, 125, 6, 9600, "even", "source",
     "voltage u32 1/10 0x5B00 0x5B02 0x5B04;current u32 1/100 0x5B0C 0x5B0E 0x5B10;power s32 1/100 0x5B14;"
     "power_phases s32 1/100 0x5B16 0x5B18 0x5B1A;energy u64 10 0x5000;energy_phases u64 10 0x5460 0x5464 0x5468"),
    # a value of the whole system comes before those of the phases; L2, L3 and the phases' power are inferred from that
    ("abb_m1m", "ABB M1M, M4M", 3, 125, 0, 9600, "even", "unverified",
     "voltage u32 1/10 0x5B02 0x5B04 0x5B06;current u32 1/100 0x5B10 0x5B12 0x5B14;power s32 1/100 0x5B1A;"
     "power_phases s32 1/100 0x5B1C 0x5B1E 0x5B20;energy u64 10 0x5002"),
    ("bernecker_mpm3pm", "Bernecker MPM3PM", 3, 125, 8, 0, "", "source",
     "energy u32 10 0x0002;voltage u32 1/10 0x0008 0x000A 0x000C;current u32 1/100 0x000E 0x0010 0x0012;"
     "power_phases s32 1/100 0x0014 0x0016 0x0018;power s32 1/100 0x0026"),
    ("bg_ds100", "B+G E-Tech DS100", 3, 125, 12, 0, "", "source",
     "voltage u32 1/1000 0x0400 0x0402 0x0404;current u32 1/1000 0x0410 0x0412 0x0414;power_phases s32 1 0x041A 0x041C 0x041E;"
     "power s32 1 0x0420;energy u32 10 0x010E;energy_phases u32 10 0x050A 0x056E 0x05D2"),
    ("bg_ws100", "B+G E-Tech WS100", 3, 125, 8, 0, "", "source",
     "voltage u32 1/1000 0x0100;current u32 1/1000 0x0102;power s32 1 0x0104;energy u32 10 0x010E"),
    ("carlo_gavazzi_em111", "Carlo Gavazzi EM111, EM112", 4, 50, 10, 9600, "none", "manual",
     "voltage s32_lo 1/10 0x0000;current s32_lo 1/1000 0x0002;power s32_lo 1/10 0x0004;energy s32_lo 100 0x0010"),
    ("carlo_gavazzi_em24", "Carlo Gavazzi EM24 (RS485)", 4, 11, 0, 9600, "none", "source",
     "voltage s32_lo 1/10 0x0000 0x0002 0x0004;current s32_lo 1/1000 0x000C 0x000E 0x0010;"
     "power_phases s32_lo 1/10 0x0012 0x0014 0x0016;power s32_lo 1/10 0x0028;energy s32_lo 100 0x0042;"
     "energy_phases s32_lo 100 0x0046 0x0048 0x004A"),
    ("carlo_gavazzi_em24_e1", "Carlo Gavazzi EM24_E1", 4, 11, 0, 0, "", "source", _GAVAZZI),
    ("carlo_gavazzi_em340", "Carlo Gavazzi EM330, EM340, EM530, EM540, ET330, ET340", 4, 50, 16, 9600, "none", "source", _GAVAZZI),
    ("chint_ddsu666", "Chint DDSU666", 3, 125, 0, 0, "", "manual",
     "voltage f32 1 0x2000;current f32 1 0x2002;power f32 1000 0x2004;energy f32 1000 0x4000"),
    # with transformers, some versions want the factors UrAt and IrAt on top
    ("chint_dtsu666", "Chint DTSU666", 3, 125, 0, 9600, "none", "source",
     "voltage f32 1/10 0x2006 0x2008 0x200A;current f32 1/1000 0x200C 0x200E 0x2010;power f32 1/10 0x2012;"
     "power_phases f32 1/10 0x2014 0x2016 0x2018;energy f32 1000 0x101E;energy_phases f32 1000 0x1020 0x1022 0x1024"),
    ("dzg_dvh4013", "DZG DVH4013", 3, 125, 0, 0, "", "source",
     "power u32 1/10 0x0000;power u32 -1/10 0x0002;voltage u32 1/100 0x0004 0x0006 0x0008;current u32 1/1000 0x000A 0x000C 0x000E;"
     "energy u32 1 0x4000;energy_phases u32 1 0x4020 0x4040 0x4060"),
    # Eastron answers holes inside its map with zeros: the first 80 registers are read at once by many programs.
    ("eastron_sdm120", "Eastron SDM120", 4, 80, 70, 2400, "none", "source", _EASTRON_1),
    ("eastron_sdm230", "Eastron SDM220, SDM230", 4, 80, 70, 9600, "none", "source", _EASTRON_1),
    ("eastron_sdm54", "Eastron SDM54", 4, 80, 40, 9600, "none", "source",
     "voltage f32 1 0x0000 0x0002 0x0004;current f32 1 0x0006 0x0008 0x000A;power f32 1 0x0034;energy f32 1000 0x0048;"
     "energy_phases f32 1000 0x015A 0x015C 0x015E"),
    ("eastron_sdm630", "Eastron SDM630", 4, 80, 40, 9600, "none", "source",
     "voltage f32 1 0x0000 0x0002 0x0004;current f32 1 0x0006 0x0008 0x000A;power_phases f32 1 0x000C 0x000E 0x0010;"
     "power f32 1 0x0034;energy f32 1000 0x0048;energy_phases f32 1000 0x015A 0x015C 0x015E"),
    ("eastron_sdm72d_v1", "Eastron SDM72D-M (first version)", 4, 80, 40, 9600, "none", "source",
     "power f32 1 0x0034;energy f32 1000 0x0048"),
    ("eastron_sdm72d_v2", "Eastron SDM72D-M V2", 4, 80, 40, 9600, "none", "source", _EASTRON),
    ("eltako_dsz15d", "Eltako DSZ15DZMOD, DSZ16", 4, 125, 40, 0, "", "source",
     "voltage u32 1/100 0x0000 0x0002 0x0004;current u32 1/100 0x0006 0x0008 0x000A;power_phases s32 1 0x000C 0x000E 0x0010;"
     "power s32 1 0x0034;energy u32 10 0x0048"),
    ("finder_7m24", "Finder 7M.24", 4, 125, 20, 0, "", "source",
     "voltage f32 1 2500;current f32 1 2516;power f32 1 2536;energy f32 1 2752"),
    ("finder_7m38", "Finder 7M.38", 4, 125, 20, 0, "", "source",
     "voltage f32 1 2500 2502 2504;current f32 1 2516 2518 2520;power_phases f32 1 2530 2532 2534;power f32 1 2536;"
     "energy f32 1 2752"),
    # voltage, current and power are times ten to the power of a register, energy is times a register
    ("gossen_em238x", "Gossen Metrawatt EM228X, EM238X, U22xx, U23xx", 4, 125, 0, 0, "", "manual",
     "voltage s16 1^12 4 5 6;current s16 1^108 100 101 102;power s16 1^212 203;power_phases s16 1^212 200 201 202;"
     "energy u32 1*408 300"),
    # the scale is a guess, U and I are not known, nor is the second tariff's energy counted
    ("herholdt_ecsem113", "Herholdt ECSEM113, Janitza ECSEM114MID", 3, 125, 0, 0, "", "unverified",
     "power s64 1/100 4157;power_phases s32 1/100 4151 4153 4155;energy s64 1/10 4131"),
    ("inepro_pro380", "Inepro PRO380, WAGO 879-30xx", 3, 125, 4, 0, "", "source",
     "voltage f32 1 0x5002 0x5004 0x5006;current f32 1 0x500C 0x500E 0x5010;power f32 1000 0x5012;"
     "power_phases f32 1000 0x5014 0x5016 0x5018;energy f32 1000 0x600C;energy_phases f32 1000 0x6012 0x6014 0x6016"),
    # its B23 312-10J is made by ABB: where this map fails, abb_b23 may fit
    ("janitza_b23", "Janitza B23, UMG", 3, 125, 12, 0, "", "source",
     "voltage f32 1 0x4A38 0x4A3A 0x4A3C;current f32 1 0x4A44 0x4A46 0x4A48;power_phases f32 1 0x4A4C 0x4A4E 0x4A50;"
     "power f32 1 0x4A52;energy f32 1 0x4A7C;energy_phases f32 1 0x4A76 0x4A78 0x4A7A"),
    ("lovato_dmg610", "Lovato DMG610", 4, 125, 40, 0, "", "source",
     "voltage u32 1/100 0x0001 0x0003 0x0005;current u32 1/10000 0x0007 0x0009 0x000B;"
     "power_phases s32 1/100 0x0013 0x0015 0x0017;power s32 1/100 0x0039;energy u64 10 0x1B1F"),
    ("orno_we504", "ORNO OR-WE-504", 3, 125, 4, 9600, "even", "source",
     "voltage u16 1/10 0;current u16 1/10 1;power u16 1 3;energy u32 1 7"),
    ("orno_we514", "ORNO OR-WE-514, OR-WE-515", 3, 125, 8, 9600, "even", "source",
     "voltage u16 1/100 0x0131;current u32 1/1000 0x0139;power u32 1 0x0140;energy u32 10 0xA000"),
    ("orno_we516", "ORNO OR-WE-516, OR-WE-517", 3, 125, 0, 9600, "even", "source",
     "voltage f32 1 0x000E 0x0010 0x0012;current f32 1 0x0016 0x0018 0x001A;power f32 1000 0x001C;"
     "power_phases f32 1000 0x001E 0x0020 0x0022;energy f32 1000 0x0108;energy_phases f32 1000 0x010A 0x010C 0x010E"),
    ("orno_we525", "ORNO OR-WE-525, OR-WE-526", 4, 125, 8, 9600, "even", "source",
     "voltage s32 1/1000 0x0100;current s32 1/1000 0x0102;power s32 1 0x0104;energy s32 10 0x010E"),
    ("phoenix_eem350", "Phoenix Contact EEM-350-D-MCB", 4, 11, 0, 0, "", "manual",
     "voltage s32_lo 1/10 0x0000 0x0002 0x0004;current s32_lo 1/1000 0x000C 0x000E 0x0010;"
     "power_phases s32_lo 1/10 0x0012 0x0014 0x0016;power s32_lo 1/10 0x0028;energy s32_lo 100 0x003E"),
    # the document counts registers from 1 here
    ("saia_ale3", "Saia-Burgess ALE3", 3, 125, 4, 0, "", "source",
     "voltage u16 1 35 40 45;current u16 1/10 36 41 46;power_phases u16 10 37 42 47;power u16 10 50;energy u32 10 27"),
    ("schneider_iem2155", "Schneider iEM2155", 3, 125, 0, 19200, "even", "unverified",
     "voltage f32 1 0x0BD3;current f32 1 0x0BB7;power f32 1000 0x0BF3"),
    ("schneider_iem3155", "Schneider iEM3155, iEM3255, iEM3355, iEM3x50", 3, 125, 24, 19200, "even", "source",
     "current f32 1 0x0BB7 0x0BB9 0x0BBB;voltage f32 1 0x0BD3 0x0BD5 0x0BD7;power_phases f32 1000 0x0BED 0x0BEF 0x0BF1;"
     "power f32 1000 0x0BF3;energy s64 1 0x0C83;energy_phases s64 1 0x0DBD 0x0DC1 0x0DC5"),
    ("siemens_pac1600", "Siemens PAC1600 7KT1665, 7KT1666", 4, 125, 40, 9600, "none", "source",
     "voltage u32 1/100 1 3 5;current u32 1/10000 7 9 11;power s32 1/100 57;energy u32 1 6687"),
    ("siemens_pac2200", "Siemens PAC2200 7KM2200", 3, 80, 40, 0, "", "source",
     "voltage f32 1 1 3 5;current f32 1 13 15 17;power_phases f32 1 25 27 29;power f32 1 65;energy f64 1 801;"
     "energy_phases f64 1 841 881 921"),
    ("solaredge_mtr3y", "SolarEdge SE-MTR-3Y", 4, 125, 0, 0, "", "source",
     "energy f32_lo 1000 0x03EA;power f32_lo 1 0x03F0;power_phases f32_lo 1 0x03F2 0x03F4 0x03F6;"
     "voltage f32_lo 1 0x03FA 0x03FC 0x03FE;energy_phases f32_lo 1000 0x0452 0x0454 0x0456;"
     "current f32_lo 1 0x048A 0x048C 0x048E"),
    # also Siemens 7KT1260, which is a Data Manager and no PAC1600
    ("tq_em300", "TQ EM300LR, EM410, EM420, B-control EM300LR, KOSTAL Smart Energy Meter, Siemens 7KT1260 PAC1200, KEBA E10",
     3, 125, 16, 0, "", "manual",
     "power u32 1/10 0;power u32 -1/10 2;power_phases u32 1/10 40 80 120;power_phases u32 -1/10 42 82 122;"
     "current u32 1/1000 60 100 140;voltage u32 1/1000 62 102 142;energy u64 1/10 512;energy_phases u64 1/10 592 672 752"),
)
