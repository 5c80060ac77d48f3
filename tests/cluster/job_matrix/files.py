"""What does a container find? Volumes, variables, users."""

from collections.abc import Mapping

from tests.cluster.job_matrix.case import OK, TERM_FILE, Case, End, run

_FILES = [
    {"name": "all", "configMap": {"name": "settings"}},
    {"name": "one", "configMap": {"name": "settings", "items": [{"key": "a", "path": "deep/a", "mode": 0o400}]}},
    {"name": "secret", "secret": {"secretName": "keys", "defaultMode": 0o440}},
    {"name": "none", "configMap": {"name": "no-such", "optional": True}},
    {
        "name": "pod",
        "downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels['case']"}}]},
    },
    {
        "name": "mixed",
        "projected": {
            "sources": [
                {"serviceAccountToken": {"audience": "libretto-results", "expirationSeconds": 600, "path": "token"}},
                {"configMap": {"name": "settings", "items": [{"key": "b", "path": "b"}]}},
                {"secret": {"name": "keys"}},
                {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
            ]
        },
    },
    {"name": "shared", "emptyDir": {"medium": "Memory"}},
]
_TOLD = """{
ls /all; cat /one/deep/a; echo; stat -c %a -L /one/deep/a; cat /secret/key; echo; stat -c %a -L /secret/key
ls /none | wc -l; cat /pod/labels; echo; ls /mixed; cut -d. -f2 /mixed/token | tr _- /+ | base64 -d 2>/dev/null | grep -o '"aud":."libretto-results"'
cat /mixed/b; echo; cat /file; echo; ls /shared; touch /all/x 2>/dev/null || echo read-only; touch /still/x 2>/dev/null || echo still
touch /shared/inner/z; ls /shared/inner; } > /dev/termination-log"""

FILES: Mapping[str, Case] = {
    "volumes of all kinds": Case(
        [
            run(
                "main",
                _TOLD,
                volumeMounts=[
                    *({"name": each["name"], "mountPath": f"/{each['name']}"} for each in _FILES),
                    {"name": "all", "mountPath": "/file", "subPath": "b"},
                    {"name": "shared", "mountPath": "/shared/inner", "subPath": "sub"},
                    {"name": "shared", "mountPath": "/still", "readOnly": True},
                ],
            )
        ],
        {
            "main": End(
                OK,
                "a\nb\nalpha\n400\nsesame\n440\n0\nvolumes\nb\nkey\nnamespace\ntoken\n"
                '"aud":["libretto-results"\nbeta\nbeta\ninner\nsub\nread-only\nstill\nz',
            )
        },
        "Succeeded",
        spec={"volumes": _FILES},
        job="Complete",
    ),
    "variables of all kinds": Case(
        [
            run(
                "main",
                f'echo "$A,$B,$C,$D,$E,$F,$G,$H,$p_a,$p_key,$N,$0,$1,${{I-unset}},$KUBERNETES_SERVICE_PORT_HTTPS$(pwd)" | sed s:[0-9]*/deep:P/deep: > {TERM_FILE}',
                args=["$(A)-arg", "$$(A)"],
                env=[
                    {"name": "A", "value": "x"},
                    {"name": "B", "value": "$(A)y $(UNKNOWN) $$(A)"},
                    {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}},
                    {"name": "D", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "key"}}},
                    {"name": "E", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['case']"}}},
                    {"name": "F", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
                    {"name": "G", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
                    {"name": "H", "value": "$(D)!"},
                    {"name": "I", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "z", "optional": True}}},
                    {"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "spec.serviceAccountName"}}},
                ],
                envFrom=[
                    {"prefix": "p_", "configMapRef": {"name": "settings"}},
                    {"prefix": "p_", "secretRef": {"name": "keys"}},
                    {"configMapRef": {"name": "no-such", "optional": True}},
                ],
                resources={"limits": {"memory": "64Mi", "cpu": "500m"}},
                workingDir="/deep/folder",
            )
        ],
        {
            "main": End(
                OK,
                "x,xy $(UNKNOWN) $(A),alpha,sesame,variables,64,1,sesame!,alpha,sesame,default,x-arg,$(A),unset,P/deep/folder",
            )
        },
        "Succeeded",
        job="Complete",
    ),
    "a user of its own, and a group for its volumes": Case(
        [
            run(
                "main",
                "{ id -u; id -g; id -G; touch /shared/x && stat -c '%u %g' /shared/x; touch /x 2>/dev/null || echo sealed;"
                f" stat -c '%a %u %g' -L /token/token; cat /token/token | wc -l; }} > {TERM_FILE}",
                volumeMounts=[{"name": "shared", "mountPath": "/shared"}, {"name": "token", "mountPath": "/token"}],
            )
        ],
        {"main": End(OK, "65532\n65533\n65533 65534\n65532 65534\nsealed\n640 65532 65534\n0")},
        "Succeeded",
        spec={
            "securityContext": {"runAsUser": 65532, "runAsGroup": 65533, "fsGroup": 65534, "runAsNonRoot": True},
            "volumes": [
                {"name": "shared", "emptyDir": {}},
                {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
            ],
        },
        job="Complete",
    ),
    "a root that may not be written": Case(
        [
            run(
                "main",
                f"touch /x /tmp/x 2>/dev/null; echo $? > {TERM_FILE}",
                securityContext={"readOnlyRootFilesystem": True},
            )
        ],
        {"main": End(OK, "1")},
        "Succeeded",
        job="Complete",
    ),
    "the token of the account, by itself": Case(
        [run("main", f"ls /var/run/secrets/kubernetes.io/serviceaccount > {TERM_FILE}")],
        {"main": End(OK, "ca.crt\nnamespace\ntoken")},
        "Succeeded",
        spec={"automountServiceAccountToken": True},
        job="Complete",
    ),
}
