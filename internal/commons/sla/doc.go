// Package sla holds service levels: agreements, their items, the figures that
// they measure and the instances that run, with their table definitions
// (tables/*.yaml). Measuring them comes with the service desk's behaviour.
package sla
