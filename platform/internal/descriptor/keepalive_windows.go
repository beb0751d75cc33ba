package descriptor

import "golang.org/x/sys/windows"

const keepIdle, keepInterval, keepCount = windows.TCP_KEEPIDLE, windows.TCP_KEEPINTVL, windows.TCP_KEEPCNT
