// Package doctor examines an installation: its files, its Redis, and each
// site's Ghost, webhooks, list and payments. It is for an operator who sets
// something up, or wonders at 3 am what is wrong.
//
// It promises that every check ends in a verdict with a detail and, unless all
// is well, a remedy; that checks run at the same time, each question within its
// own bound and all within 15 seconds whatever is down; that it changes nothing
// unless it is asked to mend; that mending twice is mending once; and that no
// text of it holds a secret, a payload or an address of a person.
//
// It leaves to others what the settings are (the shell hands them over), how
// findings are shown, and everything that only a person can decide.
package doctor
