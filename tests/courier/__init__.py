"""The courier as what it is: a process in a pod, against a results service that listens on a port."""
