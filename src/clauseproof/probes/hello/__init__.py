"""Our own ClientHello prober: messages and their answers apart from the sockets, and rules for what they prove."""
