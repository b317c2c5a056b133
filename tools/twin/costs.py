"""What each device call costs on an ESP32 at 240 MHz, in microseconds.

"measured": published or taken from the port's source; "estimate": from data sheets and the length of the code path. They make
virtual lateness mean something; they are not promises about a board.
"""
ADC_READ_US = 60  # adc_oneshot_read with calibration and the Python call: 40 to 100 (estimate)
PIN_US = 3  # gpio_set_level or gpio_get_level through the bytecode (estimate)
PIN_INIT_US = 15  # pad, direction and pulls (estimate)
TICKS_US = 2  # esp_timer_get_time and the call (estimate)
PWM_UPDATE_US = 20  # ledc_set_duty + ledc_update_duty (estimate)
PWM_INIT_US = 120  # timer and channel configuration (estimate)
TIMER_INIT_US = 60  # gptimer set-up and its interrupt (estimate)
UART_CALL_US = 15  # ring buffer copy, per call (estimate)
UART_INIT_US = 300  # driver installation (estimate)
SPI_CALL_US = 25  # one register access of a card reader: 20 to 50 (estimate)
I2C_CALL_US = 60  # start, address and driver (estimate); bytes come on top
WDT_FEED_US = 2  # esp_task_wdt_reset_user (estimate)
RTC_US = 5  # settimeofday, RTC memory copy (estimate)
NVS_SET_US = 300  # one entry of 32 bytes programmed (estimate)
NVS_COMMIT_US = 1000  # about 1 ms, sometimes an erase more (estimate)
WLAN_ACTIVE_US = 200_000  # esp_wifi_start holds the interpreter 0.1 to 0.5 s (estimate)
WLAN_MODE_US = 15_000  # the second interface of a radio that runs (estimate)
WLAN_SCAN_US = 2_000  # what a scan in a worker costs the others: its list of results (estimate)
NEOPIXEL_LED_US = 30  # 24 bits of 1.25 us per LED (data sheet of the WS2812)
NEOPIXEL_SETUP_US = 80  # RMT channel set-up and the reset pulse (estimate)
ONEWIRE_RESET_US = 980  # 480 low, 480 for the presence (data sheet of the DS18B20) and the call
ONEWIRE_READ_US = 62  # 50 of the port's slot (source of the port) and the call (estimate)
ONEWIRE_WRITE_US = 82  # 70 of the port's slot (source of the port) and the call (estimate)
BOOT_US = 600_000  # bootloader, IDF start and file system mount: 0.5 to 1 s (estimate); pins are as the reset left them
SOFT_BOOT_US = 50_000  # a new interpreter in a running chip (estimate)
FLASH_ERASE_US = 45_000  # one 4 KB sector, typical; up to 400 ms (data sheets of common flash chips)
FLASH_PROGRAM_US = 1_000  # one page of 256 bytes (data sheets)
FLASH_METADATA_US = 3_000  # LittleFS: 3 programs to replace a 40-byte inline file (measured)
FLASH_METADATA_ERASE_EVERY = 15  # and an erase in 15 (measured)
