package platform_test

import "golang.org/x/sys/windows"

func init() {
	madeHere = windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil
}
