package access

// Right is one of the eight privileges on a table, as Dataverse's AccessRights bits.
type Right int64

// The rights.
const (
	Read     Right = 1
	Write    Right = 2
	Append   Right = 4
	AppendTo Right = 16
	Create   Right = 32
	Delete   Right = 65536
	Share    Right = 262144
	Assign   Right = 524288
)

// Rights lists all eight.
func Rights() []Right { return []Right{Read, Write, Append, AppendTo, Create, Delete, Share, Assign} }

// String gives the right's name as it stands in privilege names (prvReadLead).
func (r Right) String() string {
	switch r {
	case Read:
		return "Read"
	case Write:
		return "Write"
	case Append:
		return "Append"
	case AppendTo:
		return "AppendTo"
	case Create:
		return "Create"
	case Delete:
		return "Delete"
	case Share:
		return "Share"
	case Assign:
		return "Assign"
	}
	return "Unknown"
}

// ParseRight finds a right by its name.
func ParseRight(name string) (Right, bool) {
	for _, r := range Rights() {
		if r.String() == name {
			return r, true
		}
	}
	return 0, false
}

// Depth is how far a privilege reaches. The values are Dataverse's depth masks.
type Depth int64

// The depths.
const (
	None   Depth = 0
	Basic  Depth = 1 // rows that the principal or one of its teams owns
	Local  Depth = 2 // rows of the business unit
	Deep   Depth = 4 // rows of the business unit and of those below it
	Global Depth = 8 // every row
)

// ParseDepth finds a depth by the name that the Web API uses.
func ParseDepth(name string) (Depth, bool) {
	switch name {
	case "None":
		return None, true
	case "Basic":
		return Basic, true
	case "Local":
		return Local, true
	case "Deep":
		return Deep, true
	case "Global":
		return Global, true
	}
	return None, false
}

// String gives the depth's name as the Web API spells it.
func (d Depth) String() string {
	switch d {
	case Basic:
		return "Basic"
	case Local:
		return "Local"
	case Deep:
		return "Deep"
	case Global:
		return "Global"
	}
	return "None"
}
