//go:build !race

package proptest

const raceEnabled = false

func raceOff() {}
func raceOn()  {}
