package job

// Claim takes due jobs under a lease; a test that then forgets them is a process that was killed.
var Claim = (*Queue).claim
