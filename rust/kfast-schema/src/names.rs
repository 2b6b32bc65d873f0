//! Property names that rules are written in: constants, the same in every [`SchemaSet`](crate::SchemaSet).

use crate::model::NameId;

macro_rules! names {
    ($($constant:ident $text:literal,)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Order { $($constant,)* }

        $(
            #[doc = concat!("`", $text, "`")]
            pub const $constant: NameId = NameId(Order::$constant as u32);
        )*

        /// The texts of the constants, by their ids; every set starts its names with them.
        pub(crate) const TEXTS: &[&str] = &[$($text,)*];
    };
}

// Every property of pods, pod templates and bindings, and what events have besides.
#[rustfmt::skip]
names! {
    ACCESS_MODES "accessModes", ACTION "action", ACTIVE_DEADLINE_SECONDS "activeDeadlineSeconds", ADD "add",
    AFFINITY "affinity", ALLOCATED_RESOURCES "allocatedResources",
    ALLOCATED_RESOURCES_STATUS "allocatedResourcesStatus", ALLOW_PRIVILEGE_ESCALATION "allowPrivilegeEscalation",
    ANNOTATIONS "annotations", API_GROUP "apiGroup", API_VERSION "apiVersion", APP_ARMOR_PROFILE "appArmorProfile",
    ARGS "args", AUDIENCE "audience", AUTOMOUNT_SERVICE_ACCOUNT_TOKEN "automountServiceAccountToken",
    AWS_ELASTIC_BLOCK_STORE "awsElasticBlockStore", AZURE_DISK "azureDisk", AZURE_FILE "azureFile",
    BLOCK_OWNER_DELETION "blockOwnerDeletion", CACHING_MODE "cachingMode", CAPABILITIES "capabilities",
    CEPHFS "cephfs", CERTIFICATE_CHAIN_PATH "certificateChainPath", CHAP_AUTH_DISCOVERY "chapAuthDiscovery",
    CHAP_AUTH_SESSION "chapAuthSession", CINDER "cinder", CLAIM_NAME "claimName", CLAIMS "claims",
    CLUSTER_TRUST_BUNDLE "clusterTrustBundle", COMMAND "command", CONDITION_TYPE "conditionType",
    CONDITIONS "conditions", CONFIG_MAP "configMap", CONFIG_MAP_KEY_REF "configMapKeyRef",
    CONFIG_MAP_REF "configMapRef", CONTAINER_ID "containerID", CONTAINER_NAME "containerName",
    CONTAINER_PORT "containerPort", CONTAINER_STATUSES "containerStatuses", CONTAINERS "containers",
    CONTROLLER "controller", CREATION_TIMESTAMP "creationTimestamp", CREDENTIAL_BUNDLE_PATH "credentialBundlePath",
    CSI "csi", DATA_SOURCE "dataSource", DATA_SOURCE_REF "dataSourceRef", DATASET_NAME "datasetName",
    DATASET_UUID "datasetUUID", DEFAULT_MODE "defaultMode", DELETION_GRACE_PERIOD_SECONDS "deletionGracePeriodSeconds",
    DELETION_TIMESTAMP "deletionTimestamp", DEVICE_PATH "devicePath", DIRECTORY "directory", DISK_NAME "diskName",
    DISK_URI "diskURI", DIVISOR "divisor", DNS_CONFIG "dnsConfig", DNS_POLICY "dnsPolicy", DOWNWARD_API "downwardAPI",
    DRIVER "driver", DROP "drop", EFFECT "effect", EMPTY_DIR "emptyDir", ENABLE_SERVICE_LINKS "enableServiceLinks",
    ENDPOINTS "endpoints", ENV "env", ENV_FROM "envFrom", EPHEMERAL "ephemeral",
    EPHEMERAL_CONTAINER_STATUSES "ephemeralContainerStatuses", EPHEMERAL_CONTAINERS "ephemeralContainers", EXEC "exec",
    EXIT_CODE "exitCode", EXIT_CODES "exitCodes", EXPIRATION_SECONDS "expirationSeconds",
    EXTENDED_RESOURCE_CLAIM_STATUS "extendedResourceClaimStatus", FAILURE_THRESHOLD "failureThreshold", FC "fc",
    FIELD_PATH "fieldPath", FIELD_REF "fieldRef", FIELDS_TYPE "fieldsType", FIELDS_V1 "fieldsV1",
    FILE_KEY_REF "fileKeyRef", FINALIZERS "finalizers", FINISHED_AT "finishedAt", FLEX_VOLUME "flexVolume",
    FLOCKER "flocker", FS_GROUP "fsGroup", FS_GROUP_CHANGE_POLICY "fsGroupChangePolicy", FS_TYPE "fsType",
    GATEWAY "gateway", GCE_PERSISTENT_DISK "gcePersistentDisk", GENERATE_NAME "generateName", GENERATION "generation",
    GID "gid", GIT_REPO "gitRepo", GLUSTERFS "glusterfs", GMSA_CREDENTIAL_SPEC "gmsaCredentialSpec",
    GMSA_CREDENTIAL_SPEC_NAME "gmsaCredentialSpecName", GROUP "group", GRPC "grpc", HEALTH "health", HOST "host",
    HOST_ALIASES "hostAliases", HOST_IP "hostIP", HOST_IPC "hostIPC", HOST_IPS "hostIPs", HOST_NETWORK "hostNetwork",
    HOST_PID "hostPID", HOST_PATH "hostPath", HOST_PORT "hostPort", HOST_PROCESS "hostProcess", HOST_USERS "hostUsers",
    HOSTNAME "hostname", HOSTNAME_OVERRIDE "hostnameOverride", HOSTNAMES "hostnames", HTTP_GET "httpGet",
    HTTP_HEADERS "httpHeaders", IMAGE "image", IMAGE_ID "imageID", IMAGE_PULL_POLICY "imagePullPolicy",
    IMAGE_PULL_SECRETS "imagePullSecrets", IMAGE_REF "imageRef", INIT_CONTAINER_STATUSES "initContainerStatuses",
    INIT_CONTAINERS "initContainers", INITIAL_DELAY_SECONDS "initialDelaySeconds", INITIATOR_NAME "initiatorName",
    IP "ip", IQN "iqn", ISCSI "iscsi", ISCSI_INTERFACE "iscsiInterface", ITEMS "items", KEY "key", KEY_PATH "keyPath",
    KEY_TYPE "keyType", KEYRING "keyring", KIND "kind", LABEL_SELECTOR "labelSelector", LABELS "labels",
    LAST_PROBE_TIME "lastProbeTime", LAST_STATE "lastState", LAST_TRANSITION_TIME "lastTransitionTime", LEVEL "level",
    LIFECYCLE "lifecycle", LIMITS "limits", LINUX "linux", LIVENESS_PROBE "livenessProbe",
    LOCALHOST_PROFILE "localhostProfile", LUN "lun", MANAGED_FIELDS "managedFields", MANAGER "manager",
    MATCH_EXPRESSIONS "matchExpressions", MATCH_FIELDS "matchFields", MATCH_LABEL_KEYS "matchLabelKeys",
    MATCH_LABELS "matchLabels", MAX_EXPIRATION_SECONDS "maxExpirationSeconds", MAX_SKEW "maxSkew", MEDIUM "medium",
    MESSAGE "message", METADATA "metadata", MIN_DOMAINS "minDomains", MISMATCH_LABEL_KEYS "mismatchLabelKeys",
    MODE "mode", MONITORS "monitors", MOUNT_PATH "mountPath", MOUNT_PROPAGATION "mountPropagation", NAME "name",
    NAMESERVERS "nameservers", NAMESPACE "namespace", NAMESPACE_SELECTOR "namespaceSelector", NAMESPACES "namespaces",
    NFS "nfs", NODE_AFFINITY "nodeAffinity", NODE_AFFINITY_POLICY "nodeAffinityPolicy",
    NODE_ALLOCATABLE_RESOURCE_CLAIM_STATUSES "nodeAllocatableResourceClaimStatuses", NODE_NAME "nodeName",
    NODE_PUBLISH_SECRET_REF "nodePublishSecretRef", NODE_SELECTOR "nodeSelector",
    NODE_SELECTOR_TERMS "nodeSelectorTerms", NODE_TAINTS_POLICY "nodeTaintsPolicy",
    NOMINATED_NODE_NAME "nominatedNodeName", OBSERVED_GENERATION "observedGeneration", OPERATION "operation",
    OPERATOR "operator", OPTIONAL "optional", OPTIONS "options", OS "os", OVERHEAD "overhead",
    OWNER_REFERENCES "ownerReferences", PARTITION "partition", PATH "path", PD_ID "pdID", PD_NAME "pdName",
    PERIOD_SECONDS "periodSeconds", PERSISTENT_VOLUME_CLAIM "persistentVolumeClaim", PHASE "phase",
    PHOTON_PERSISTENT_DISK "photonPersistentDisk", POD_AFFINITY "podAffinity", POD_AFFINITY_TERM "podAffinityTerm",
    POD_ANTI_AFFINITY "podAntiAffinity", POD_CERTIFICATE "podCertificate", POD_GROUP_NAME "podGroupName",
    POD_IP "podIP", POD_IPS "podIPs", POOL "pool", PORT "port", PORTALS "portals", PORTS "ports",
    PORTWORX_VOLUME "portworxVolume", POST_START "postStart", PRE_STOP "preStop", PREEMPTION_POLICY "preemptionPolicy",
    PREFERENCE "preference",
    PREFERRED_DURING_SCHEDULING_IGNORED_DURING_EXECUTION "preferredDuringSchedulingIgnoredDuringExecution",
    PREFIX "prefix", PRIORITY "priority", PRIORITY_CLASS_NAME "priorityClassName", PRIVILEGED "privileged",
    PROC_MOUNT "procMount", PROJECTED "projected", PROTECTION_DOMAIN "protectionDomain", PROTOCOL "protocol",
    PULL_POLICY "pullPolicy", QOS_CLASS "qosClass", QUOBYTE "quobyte", RBD "rbd", READ_ONLY "readOnly",
    READ_ONLY_ROOT_FILESYSTEM "readOnlyRootFilesystem", READINESS_GATES "readinessGates",
    READINESS_PROBE "readinessProbe", READY "ready", REASON "reason", RECURSIVE_READ_ONLY "recursiveReadOnly",
    REFERENCE "reference", REGISTRY "registry", REPOSITORY "repository", REQUEST "request",
    REQUEST_MAPPINGS "requestMappings", REQUEST_NAME "requestName", REQUESTS "requests",
    REQUIRED_DURING_SCHEDULING_IGNORED_DURING_EXECUTION "requiredDuringSchedulingIgnoredDuringExecution",
    RESIZE "resize", RESIZE_POLICY "resizePolicy", RESOURCE "resource", RESOURCE_CLAIM_NAME "resourceClaimName",
    RESOURCE_CLAIM_STATUSES "resourceClaimStatuses", RESOURCE_CLAIM_TEMPLATE_NAME "resourceClaimTemplateName",
    RESOURCE_CLAIMS "resourceClaims", RESOURCE_FIELD_REF "resourceFieldRef", RESOURCE_ID "resourceID",
    RESOURCE_NAME "resourceName", RESOURCE_VERSION "resourceVersion", RESOURCES "resources",
    RESTART_COUNT "restartCount", RESTART_POLICY "restartPolicy", RESTART_POLICY_RULES "restartPolicyRules",
    REVISION "revision", ROLE "role", RUN_AS_GROUP "runAsGroup", RUN_AS_NON_ROOT "runAsNonRoot",
    RUN_AS_USER "runAsUser", RUN_AS_USER_NAME "runAsUserName", RUNNING "running",
    RUNTIME_CLASS_NAME "runtimeClassName", SCALE_IO "scaleIO", SCHEDULER_NAME "schedulerName",
    SCHEDULING_GATES "schedulingGates", SCHEDULING_GROUP "schedulingGroup", SCHEME "scheme",
    SELINUX_CHANGE_POLICY "seLinuxChangePolicy", SELINUX_OPTIONS "seLinuxOptions", SEARCHES "searches",
    SECCOMP_PROFILE "seccompProfile", SECONDS "seconds", SECRET "secret", SECRET_FILE "secretFile",
    SECRET_KEY_REF "secretKeyRef", SECRET_NAME "secretName", SECRET_REF "secretRef",
    SECURITY_CONTEXT "securityContext", SELECTOR "selector", SELF_LINK "selfLink", SERVER "server", SERVICE "service",
    SERVICE_ACCOUNT "serviceAccount", SERVICE_ACCOUNT_NAME "serviceAccountName",
    SERVICE_ACCOUNT_TOKEN "serviceAccountToken", SET_HOSTNAME_AS_FQDN "setHostnameAsFQDN", SHARE_NAME "shareName",
    SHARE_PROCESS_NAMESPACE "shareProcessNamespace", SIGNAL "signal", SIGNER_NAME "signerName", SIZE_LIMIT "sizeLimit",
    SLEEP "sleep", SOURCES "sources", SPEC "spec", SSL_ENABLED "sslEnabled", START_TIME "startTime", STARTED "started",
    STARTED_AT "startedAt", STARTUP_PROBE "startupProbe", STATE "state", STATUS "status", STDIN "stdin",
    STDIN_ONCE "stdinOnce", STOP_SIGNAL "stopSignal", STORAGE_CLASS_NAME "storageClassName",
    STORAGE_MODE "storageMode", STORAGE_POLICY_ID "storagePolicyID", STORAGE_POLICY_NAME "storagePolicyName",
    STORAGE_POOL "storagePool", STORAGEOS "storageos", SUB_PATH "subPath", SUB_PATH_EXPR "subPathExpr",
    SUBDOMAIN "subdomain", SUBRESOURCE "subresource", SUCCESS_THRESHOLD "successThreshold",
    SUPPLEMENTAL_GROUPS "supplementalGroups", SUPPLEMENTAL_GROUPS_POLICY "supplementalGroupsPolicy", SYSCTLS "sysctls",
    SYSTEM "system", TARGET "target", TARGET_CONTAINER_NAME "targetContainerName", TARGET_PORTAL "targetPortal",
    TARGET_WWNS "targetWWNs", TCP_SOCKET "tcpSocket", TEMPLATE "template", TENANT "tenant", TERMINATED "terminated",
    TERMINATION_GRACE_PERIOD_SECONDS "terminationGracePeriodSeconds",
    TERMINATION_MESSAGE_PATH "terminationMessagePath", TERMINATION_MESSAGE_POLICY "terminationMessagePolicy",
    TIME "time", TIMEOUT_SECONDS "timeoutSeconds", TOLERATION_SECONDS "tolerationSeconds", TOLERATIONS "tolerations",
    TOPOLOGY_KEY "topologyKey", TOPOLOGY_SPREAD_CONSTRAINTS "topologySpreadConstraints", TTY "tty", TYPE "type",
    UID "uid", USER "user", USER_ANNOTATIONS "userAnnotations", VALUE "value", VALUE_FROM "valueFrom", VALUES "values",
    VOLUME "volume", VOLUME_ATTRIBUTES "volumeAttributes", VOLUME_ATTRIBUTES_CLASS_NAME "volumeAttributesClassName",
    VOLUME_CLAIM_TEMPLATE "volumeClaimTemplate", VOLUME_DEVICES "volumeDevices", VOLUME_ID "volumeID",
    VOLUME_MODE "volumeMode", VOLUME_MOUNTS "volumeMounts", VOLUME_NAME "volumeName",
    VOLUME_NAMESPACE "volumeNamespace", VOLUME_PATH "volumePath", VOLUME_STATUS "volumeStatus", VOLUMES "volumes",
    VSPHERE_VOLUME "vsphereVolume", WAITING "waiting", WEIGHT "weight", WHEN_UNSATISFIABLE "whenUnsatisfiable",
    WINDOWS_OPTIONS "windowsOptions", WORKING_DIR "workingDir", WWIDS "wwids",
    // Of events.
    COUNT "count", DEPRECATED_COUNT "deprecatedCount", DEPRECATED_FIRST_TIMESTAMP "deprecatedFirstTimestamp",
    DEPRECATED_LAST_TIMESTAMP "deprecatedLastTimestamp", DEPRECATED_SOURCE "deprecatedSource", EVENT_TIME "eventTime",
    FIRST_TIMESTAMP "firstTimestamp", INVOLVED_OBJECT "involvedObject", LAST_TIMESTAMP "lastTimestamp", NOTE "note",
    REGARDING "regarding", REPORTING_COMPONENT "reportingComponent", REPORTING_CONTROLLER "reportingController",
    REPORTING_INSTANCE "reportingInstance", SERIES "series", SOURCE "source",
}

impl NameId {
    /// The text of one of the constants; empty for any other name.
    #[must_use]
    pub fn text(self) -> &'static str {
        TEXTS.get(self.index()).copied().unwrap_or_default()
    }
}
