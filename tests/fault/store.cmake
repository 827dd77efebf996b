# Storage: power loss, errors of the disk, full and second stores (store_*, power_*).
