// Package config reads the settings of ghostcm.
//
// A setting is found in the first of these places that names it:
//
//  1. a command-line flag (--port),
//  2. the environment: NAME, or for a secret NAME_FILE, the path of a file that holds it,
//  3. for a secret, the file $CREDENTIALS_DIRECTORY/NAME (systemd credentials),
//  4. .env in the working directory: NAME or NAME_FILE,
//  5. the file of --config, YAML or TOML: the same names in lower case, sites as the list
//     "sites" (its first entry is SITE1, without that prefix), so that a site's secrets
//     can come from the environment while the rest of it is in the file,
//  6. the default.
//
// A name that is set but empty counts as set, and means the default: that is
// how the environment takes back what .env says. NAME and NAME_FILE in the same
// place are a problem, never a guess.
//
// It promises that Load either returns a configuration that is right as far as
// can be told without the network, or every problem at once, each by its key;
// that a site configured by half is a problem and never skipped; and that no
// secret is printed by any verb, encoder or log handler. It leaves resolving
// names, connecting, and whether a key is accepted to doctor and to the dial.
package config
