"""The Helm chart and the manifests: rendered by Helm, valid by the schemas of Kubernetes, and what they start is started."""
import contextlib
import re
import subprocess

import pytest
import requests
import yaml
from support.pages import blocks
from support.server import PATIENCE, ROOT, TREE, free_port
from support.wait import wait_until

HELM = ROOT / ".deps/helm/bin/helm"
VALIDATE = ROOT / ".deps/manifests/bin/kubernetes-validate"
CHART = ROOT / "deploy/helm/neso"
KUBERNETES = ("1.27", "1.37")  # the oldest and the newest that the schemas are checked for
BUCKET = {"image.modelRepositoryPath": "s3://models/here"}

rendered_here = pytest.mark.skipif(not (HELM.exists() and VALIDATE.exists()),
                                   reason="Helm and the schemas of Kubernetes are not set up: scripts/setup charts")


def template(*options, kubernetes=KUBERNETES[-1], release="try", **values):
    chosen = [part for name, value in values.items() for part in ("--set", f"{name}={value}")]
    return subprocess.run([HELM, "template", release, CHART, "--kube-version", kubernetes, *options, *chosen],
                          capture_output=True, text=True, timeout=60 * PATIENCE)


def render(*options, **values):
    result = template(*options, **values)
    assert result.returncode == 0, result.stderr
    return {(part["kind"], part["metadata"]["name"]): part for part in yaml.safe_load_all(result.stdout) if part}


def container(parts):
    return parts["Deployment", "try-neso"]["spec"]["template"]["spec"]["containers"][0]


CHOICES = {
    "a bucket": BUCKET,
    "a bucket with credentials": {**BUCKET, "secret.id": "me", "secret.key": "k", "secret.region": "r", "secret.token": "t"},
    "an NFS server": {"image.modelRepositoryServer": "nfs.local", "image.modelRepositoryPath": "/srv/models"},
    "a claim": {"image.modelRepositoryClaim": "models", "image.modelRepositoryPath": "team"},
    "GPUs": {**BUCKET, "image.numGpus": 2, "resources.limits.memory": "4Gi"},
    "no autoscaling": {**BUCKET, "tags.autoscaling": "false", "replicaCount": 2, "disruptionBudget.enabled": "false"},
    "TLS": {**BUCKET, "tls.secretName": "certificate"},
    "all that pods may have": {
        **BUCKET, "serviceAccountName": "models", "imagePullSecrets[0].name": "registry", "priorityClassName": "high", "podLabels.team": "a",
        "runtimeClassName": "nvidia", "podAnnotations.note": "b", "strategy.type": "Recreate", "extraVolumes[0].name": "keys",
        "extraVolumes[0].secret.secretName": "keys", "extraVolumeMounts[0].name": "keys", "extraVolumeMounts[0].mountPath": "/keys",
        "topologySpreadConstraints[0].maxSkew": 1, "topologySpreadConstraints[0].topologyKey": "zone",
        "topologySpreadConstraints[0].whenUnsatisfiable": "ScheduleAnyway"},
    "OpenShift and the operator": {**BUCKET, "tags.openshift": "true", "serviceMonitor.enabled": "true"},
}


@rendered_here
@pytest.mark.parametrize("kubernetes", KUBERNETES)
@pytest.mark.parametrize("choice", CHOICES)
def test_what_is_rendered_is_valid(choice, kubernetes, tmp_path):
    result = template(kubernetes=kubernetes, **CHOICES[choice])
    assert result.returncode == 0, result.stderr
    manifest = tmp_path / "rendered.yaml"
    manifest.write_text(result.stdout)
    checked = subprocess.run([VALIDATE, "--strict", "-k", kubernetes, manifest], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    # The operator's own kind has no schema there.
    missing = [line for line in (checked.stdout + checked.stderr).splitlines() if "find schema" in line]
    assert len(missing) == result.stdout.count("kind: ServiceMonitor"), missing


@rendered_here
def test_a_misspelt_field_is_not_valid(tmp_path):
    manifest = tmp_path / "rendered.yaml"
    manifest.write_text(template(**BUCKET).stdout.replace("readOnlyRootFilesystem", "readOnlyRoot"))
    assert subprocess.run([VALIDATE, "--strict", "-k", KUBERNETES[-1], manifest], capture_output=True).returncode != 0


@rendered_here
def test_the_linter_of_helm_has_no_complaint():
    result = subprocess.run([HELM, "lint", "--strict", CHART, "--set", "image.modelRepositoryPath=s3://models"],
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


@rendered_here
@pytest.mark.parametrize("values, says", [
    ({}, "expected image.modelRepositoryPath, or --model-repository among serverArgs, got neither"),
    ({"image.modelRepositoryServer": "nfs"}, "expected image.modelRepositoryPath, the folder of the NFS server, got nothing"),
    ({**BUCKET, "secret.id": "me"}, "expected secret.key beside secret.id"),
    ({**BUCKET, "autoscaling.minReplicas": 4}, "expected autoscaling.maxReplicas of at least autoscaling.minReplicas, got 3 and 4"),
    ({**BUCKET, "replicaCount": "many"}, "replicaCount"),
    ({**BUCKET, "image.pullPolicy": "Perhaps"}, "pullPolicy"),
])
def test_values_that_cannot_be_are_refused(values, says):
    result = template(**values)
    assert result.returncode != 0
    assert says in result.stderr


@rendered_here
def test_the_probes_user_and_services():
    parts = render(**CHOICES["an NFS server"])
    pod = parts["Deployment", "try-neso"]["spec"]["template"]["spec"]
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["fsGroup"]) == (1000, 1000)
    assert {"name": "models", "mountPath": "/models", "readOnly": True} in container(parts)["volumeMounts"]
    assert container(parts)["livenessProbe"]["httpGet"] == {"path": "/v2/health/live", "port": "http"}
    assert container(parts)["readinessProbe"]["httpGet"] == {"path": "/v2/health/ready", "port": "http"}
    assert parts["Service", "try-neso-metrics"]["spec"]["ports"] == [{"name": "metrics", "port": 8080, "targetPort": "metrics"}]
    # Long enough for the grace and for what is under way.
    assert pod["terminationGracePeriodSeconds"] > 10 + 30
    # Each service finds the pods.
    labels = parts["Deployment", "try-neso"]["spec"]["template"]["metadata"]["labels"]
    for (kind, _), part in parts.items():
        if kind == "Service":
            assert part["spec"]["selector"].items() <= labels.items()


@rendered_here
@pytest.mark.parametrize("name", ["r" * 53, "neso-" + "r" * 48, "r" * 49 + "-a-b"])
def test_the_longest_name_of_a_release_makes_names_that_services_may_have(name):
    parts = render(**BUCKET, **{"serviceMonitor.enabled": "true"}, release=name)
    for kind, of in parts:
        assert re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", of), (kind, of)
    services = [of for kind, of in parts if kind == "Service"]
    assert len(services) == 3
    [(_, scaled)] = [part for part in parts if part[0] == "HorizontalPodAutoscaler"]
    assert ("Deployment", parts["HorizontalPodAutoscaler", scaled]["spec"]["scaleTargetRef"]["name"]) in parts


@rendered_here
def test_with_a_certificate_services_and_probes_speak_tls():
    parts = render(**BUCKET, **{"tls.secretName": "certificate", "readinessProbe.timeoutSeconds": 3})
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        assert container(parts)[probe]["httpGet"]["scheme"] == "HTTPS"
    assert container(parts)["readinessProbe"]["timeoutSeconds"] == 3
    assert {"--http-use-ssl=true", "--grpc-use-ssl=true", "--grpc-server-key=/tls/tls.key"} <= set(container(parts)["args"])
    assert {"name": "tls", "secret": {"secretName": "certificate"}} in \
        parts["Deployment", "try-neso"]["spec"]["template"]["spec"]["volumes"]
    assert {port["appProtocol"] for port in parts["Service", "try-neso"]["spec"]["ports"]} == {"https"}


@rendered_here
def test_values_that_look_like_numbers_stay_text(tmp_path):
    values = tmp_path / "values.yaml"
    values.write_text("existingSecret: '0123'\nserviceAccountName: '1e3'\nserverArgs: ['--model-repository=/m', '7']\n"
                      "podAnnotations: {port: '8002', scrape: 'true'}\nimage: {imageName: '12'}")
    parts = render("-f", str(values))
    pod = parts["Deployment", "try-neso"]["spec"]["template"]
    assert container(parts)["envFrom"] == [{"secretRef": {"name": "0123"}}]
    assert pod["spec"]["serviceAccountName"] == "1e3" and container(parts)["image"] == "12" and container(parts)["args"][-1] == "7"
    assert pod["metadata"]["annotations"] == {"port": "8002", "scrape": "true"}


@rendered_here
def test_new_credentials_make_new_pods():
    def annotations(key):
        parts = render(**BUCKET, **{"secret.id": "me", "secret.key": key})
        return parts["Deployment", "try-neso"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations("a") == annotations("a") != annotations("b")


@rendered_here
def test_the_page_s_files_are_where_arguments_and_variables_say(tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text(blocks(ROOT / "docs/kubernetes.md", "yaml", "test:files")[0])
    pod = container(render("-f", str(file)))
    [mount] = [mount for mount in pod["volumeMounts"] if mount["name"] == "keys"]
    said = [variable["value"] for variable in pod["env"]] + [arg.split("=")[1] for arg in pod["args"] if "access-keys" in arg]
    assert len(said) == 2 and all(path.startswith(mount["mountPath"] + "/") for path in said)


@rendered_here
@pytest.mark.parametrize("place", ["", "image: "])
def test_an_argument_may_name_the_repository(tmp_path, place):
    values = tmp_path / "values.yaml"
    values.write_text(place + "{serverArgs: ['--model-repository=/elsewhere', '--log-verbose=1']}")
    args = container(render("-f", str(values)))["args"]
    assert [arg for arg in args if "repository" in arg] == ["--model-repository=/elsewhere"]
    assert args[-1] == "--log-verbose=1"


@rendered_here
def test_the_page_s_values_are_rendered(tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text(blocks(ROOT / "docs/kubernetes.md", "yaml", "test:values")[0])
    parts = render("-f", str(file))
    assert container(parts)["args"][:2] == ["tritonserver", "--model-repository=s3://my-models/production"]
    # A version that all pods find broken at the same time takes none of them out of service.
    assert "--strict-readiness=false" in container(parts)["args"]
    assert parts["HorizontalPodAutoscaler", "try-neso"]["spec"]["maxReplicas"] == 10


def serves(command, http_port):
    """The metadata of the model, as the program of the tree gives it with these arguments."""
    program, *args = command
    local = [f"--{part}-address=127.0.0.1" for part in ("http", "grpc", "metrics")]
    process = subprocess.Popen([TREE / "bin" / program, *args, *local, f"--backend-directory={TREE / 'backends'}"],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def metadata():
        assert process.poll() is None, process.stdout.read()
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(f"http://127.0.0.1:{http_port}/v2/models/identity", timeout=5).json().get("name")
    try:
        return wait_until(metadata, timeout=20)
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=30 * PATIENCE)
        assert process.returncode == 0, output


def test_the_kserve_runtime_s_arguments_serve(repository):
    repository.add_identity("identity")
    runtime = yaml.safe_load((ROOT / "deploy/kubernetes/kserve-runtime.yaml").read_text())
    (pod,) = runtime["spec"]["containers"]
    port = free_port()
    command = " ".join(pod["args"]).replace("/mnt/models", str(repository.path))
    command = command.replace("8080", str(port)).replace("9000", str(free_port()))
    assert serves([*command.split(), f"--metrics-port={free_port()}"], port) == "identity"
    assert pod["ports"][0]["containerPort"] == pod["readinessProbe"]["httpGet"]["port"] == 8080


@rendered_here
def test_the_chart_s_arguments_serve(repository):
    repository.add_identity("identity")
    port = free_port()
    args = container(render(**{"image.modelRepositoryPath": repository.path, "exitGraceSeconds": 0}))["args"]
    own = [f"--http-port={port}", f"--grpc-port={free_port()}", f"--metrics-port={free_port()}"]
    assert serves([*args, *own], port) == "identity"
