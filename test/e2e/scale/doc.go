// Package scale proves that what a sensor's spool acknowledged is in the store exactly
// once, whatever ends, breaks or fills up meanwhile: sensors and server are processes of
// their own, in network namespaces that the test makes, and are killed again and again;
// the network is cut, the disk of a spool fills up, a node of the cluster goes away.
//
//	go test ./test/e2e/scale                                    what CI does
//	VIGIL_SCALE=full go test -timeout 60m -v ./test/e2e/scale   2,000,000 events, cut for a minute
package scale
