package app

import "path/filepath"

import "strconv"

// welcome says what a person needs to begin with: address, sign-in, what to try.
func (a *App) welcome() {
	say := a.c.Announce
	url := a.URL()
	say("")
	say("Rapport is running at " + url)
	switch {
	case a.core.Load() == nil:
		say("The database is away: forms and events are taken in, records follow when it is back.")
	case a.password != "":
		say("Sign in as admin with the password " + a.password + " (shown this once; `" + a.c.Program + " password --user admin` makes a new one)")
	default:
		say("Sign in as admin with the password from the first start (`" + a.c.Program + " password --user admin` makes a new one)")
	}
	say("Events: " + a.front.stream.Durability() + ".")
	if a.c.Sample {
		say("")
		say("What to try:")
		if names := a.front.forms.Names(); len(names) > 0 {
			say("  " + url + "/f/" + names[0] + "    send a form and watch the lead arrive; there are " + strconv.Itoa(len(names)) + " of them")
		}
		say("  " + url + "/member          register as a visitor; letters are laid into " + filepath.Join(a.c.Data, outboxFolder))
		say("  " + url + "/                the leads, with score and reasons; the sample's sellers")
		say("                              (maria.lindgren, jonas.weber, henrik.sato, lena.moreau, samir.haddad) share admin's first password")
		say("  " + a.c.Program + " key create --topic leads      a key to publish events with")
		say("  " + a.c.Program + " token create --user admin     a token for the Web API at " + url + "/api/data/v9.2/")
		say("Ctrl-C stops; a second start goes on where this one was.")
	}
}
