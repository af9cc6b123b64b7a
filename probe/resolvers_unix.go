//go:build !windows

package probe

func systemResolvers() ([]string, error) { return resolversOf("/etc/resolv.conf") }
