/* SPDX-License-Identifier: Apache-2.0 */
/* Security identifiers and access tokens. Source: the public documentation of winnt.h. */

/* Before the guard: windows.h has this one in front of those that need it, and they must find it
 * whole whichever was first. */
#include "windows.h"

#ifndef OPENSSPI_COMPAT_WINNT_H
#define OPENSSPI_COMPAT_WINNT_H

OPENSSPI_BEGIN

#define LANG_NEUTRAL       0x00
#define LANG_ENGLISH       0x09
#define SUBLANG_NEUTRAL    0x00
#define SUBLANG_DEFAULT    0x01
#define SUBLANG_ENGLISH_US 0x01

#define MAKELANGID(primary, sub) ((WORD)(((WORD)(sub)) << 10 | (WORD)(primary)))
#define PRIMARYLANGID(language)  ((WORD)((WORD)(language)&0x3ff))
#define SUBLANGID(language)      ((WORD)((WORD)(language) >> 10))

typedef DWORD ACCESS_MASK;
typedef PVOID PSID;

/* --- security identifiers ------------------------------------------------------------------ */

typedef struct _SID_IDENTIFIER_AUTHORITY {
    BYTE Value[6];
} SID_IDENTIFIER_AUTHORITY, *PSID_IDENTIFIER_AUTHORITY, *LPSID_IDENTIFIER_AUTHORITY;

typedef struct _SID {
    BYTE Revision;
    BYTE SubAuthorityCount;
    SID_IDENTIFIER_AUTHORITY IdentifierAuthority;
    DWORD SubAuthority[1];
} SID, *PISID;

#define SID_REVISION                       1
#define SID_MAX_SUB_AUTHORITIES            15
#define SECURITY_MAX_SID_SIZE              68
#define SECURITY_MAX_SID_STRING_CHARACTERS 187

#define SECURITY_NULL_SID_AUTHORITY \
    {                               \
        {                           \
            0, 0, 0, 0, 0, 0        \
        }                           \
    }
#define SECURITY_WORLD_SID_AUTHORITY \
    {                                \
        {                            \
            0, 0, 0, 0, 0, 1         \
        }                            \
    }
#define SECURITY_LOCAL_SID_AUTHORITY \
    {                                \
        {                            \
            0, 0, 0, 0, 0, 2         \
        }                            \
    }
#define SECURITY_CREATOR_SID_AUTHORITY \
    {                                  \
        {                              \
            0, 0, 0, 0, 0, 3           \
        }                              \
    }
#define SECURITY_NT_AUTHORITY \
    {                         \
        {                     \
            0, 0, 0, 0, 0, 5  \
        }                     \
    }
#define SECURITY_MANDATORY_LABEL_AUTHORITY \
    {                                      \
        {                                  \
            0, 0, 0, 0, 0, 16              \
        }                                  \
    }
#define SECURITY_AUTHENTICATION_AUTHORITY \
    {                                     \
        {                                 \
            0, 0, 0, 0, 0, 18             \
        }                                 \
    }

#define SECURITY_NULL_RID               0x00000000
#define SECURITY_WORLD_RID              0x00000000
#define SECURITY_LOCAL_RID              0x00000000
#define SECURITY_NETWORK_RID            0x00000002
#define SECURITY_INTERACTIVE_RID        0x00000004
#define SECURITY_LOGON_IDS_RID          0x00000005
#define SECURITY_LOGON_IDS_RID_COUNT    3
#define SECURITY_SERVICE_RID            0x00000006
#define SECURITY_ANONYMOUS_LOGON_RID    0x00000007
#define SECURITY_AUTHENTICATED_USER_RID 0x0000000B
#define SECURITY_THIS_ORGANIZATION_RID  0x0000000F
#define SECURITY_LOCAL_SYSTEM_RID       0x00000012
#define SECURITY_LOCAL_SERVICE_RID      0x00000013
#define SECURITY_NETWORK_SERVICE_RID    0x00000014
#define SECURITY_NT_NON_UNIQUE          0x00000015
#define SECURITY_BUILTIN_DOMAIN_RID     0x00000020
#define SECURITY_PACKAGE_BASE_RID       0x00000040
#define SECURITY_PACKAGE_NTLM_RID       0x0000000A
#define SECURITY_PACKAGE_SCHANNEL_RID   0x0000000E
#define SECURITY_PACKAGE_DIGEST_RID     0x00000015

#define DOMAIN_USER_RID_ADMIN        0x000001F4
#define DOMAIN_USER_RID_GUEST        0x000001F5
#define DOMAIN_GROUP_RID_ADMINS      0x00000200
#define DOMAIN_GROUP_RID_USERS       0x00000201
#define DOMAIN_GROUP_RID_GUESTS      0x00000202
#define DOMAIN_GROUP_RID_COMPUTERS   0x00000203
#define DOMAIN_ALIAS_RID_ADMINS      0x00000220
#define DOMAIN_ALIAS_RID_USERS       0x00000221
#define DOMAIN_ALIAS_RID_GUESTS      0x00000222
#define DOMAIN_ALIAS_RID_POWER_USERS 0x00000223

typedef enum _SID_NAME_USE {
    SidTypeUser = 1,
    SidTypeGroup,
    SidTypeDomain,
    SidTypeAlias,
    SidTypeWellKnownGroup,
    SidTypeDeletedAccount,
    SidTypeInvalid,
    SidTypeUnknown,
    SidTypeComputer,
    SidTypeLabel
} SID_NAME_USE,
    *PSID_NAME_USE;

typedef struct _SID_AND_ATTRIBUTES {
    PSID Sid;
    DWORD Attributes;
} SID_AND_ATTRIBUTES, *PSID_AND_ATTRIBUTES;

#define SE_GROUP_MANDATORY          0x00000001
#define SE_GROUP_ENABLED_BY_DEFAULT 0x00000002
#define SE_GROUP_ENABLED            0x00000004
#define SE_GROUP_OWNER              0x00000008
#define SE_GROUP_USE_FOR_DENY_ONLY  0x00000010
#define SE_GROUP_INTEGRITY          0x00000020
#define SE_GROUP_INTEGRITY_ENABLED  0x00000040
#define SE_GROUP_RESOURCE           0x20000000
#define SE_GROUP_LOGON_ID           0xC0000000

/* Those of app containers' capabilities are not here. */
typedef enum {
    WinNullSid = 0,
    WinWorldSid = 1,
    WinLocalSid = 2,
    WinCreatorOwnerSid = 3,
    WinCreatorGroupSid = 4,
    WinCreatorOwnerServerSid = 5,
    WinCreatorGroupServerSid = 6,
    WinNtAuthoritySid = 7,
    WinDialupSid = 8,
    WinNetworkSid = 9,
    WinBatchSid = 10,
    WinInteractiveSid = 11,
    WinServiceSid = 12,
    WinAnonymousSid = 13,
    WinProxySid = 14,
    WinEnterpriseControllersSid = 15,
    WinSelfSid = 16,
    WinAuthenticatedUserSid = 17,
    WinRestrictedCodeSid = 18,
    WinTerminalServerSid = 19,
    WinRemoteLogonIdSid = 20,
    WinLogonIdsSid = 21,
    WinLocalSystemSid = 22,
    WinLocalServiceSid = 23,
    WinNetworkServiceSid = 24,
    WinBuiltinDomainSid = 25,
    WinBuiltinAdministratorsSid = 26,
    WinBuiltinUsersSid = 27,
    WinBuiltinGuestsSid = 28,
    WinBuiltinPowerUsersSid = 29,
    WinBuiltinAccountOperatorsSid = 30,
    WinBuiltinSystemOperatorsSid = 31,
    WinBuiltinPrintOperatorsSid = 32,
    WinBuiltinBackupOperatorsSid = 33,
    WinBuiltinReplicatorSid = 34,
    WinBuiltinPreWindows2000CompatibleAccessSid = 35,
    WinBuiltinRemoteDesktopUsersSid = 36,
    WinBuiltinNetworkConfigurationOperatorsSid = 37,
    WinAccountAdministratorSid = 38,
    WinAccountGuestSid = 39,
    WinAccountKrbtgtSid = 40,
    WinAccountDomainAdminsSid = 41,
    WinAccountDomainUsersSid = 42,
    WinAccountDomainGuestsSid = 43,
    WinAccountComputersSid = 44,
    WinAccountControllersSid = 45,
    WinAccountCertAdminsSid = 46,
    WinAccountSchemaAdminsSid = 47,
    WinAccountEnterpriseAdminsSid = 48,
    WinAccountPolicyAdminsSid = 49,
    WinAccountRasAndIasServersSid = 50,
    WinNTLMAuthenticationSid = 51,
    WinDigestAuthenticationSid = 52,
    WinSChannelAuthenticationSid = 53,
    WinThisOrganizationSid = 54,
    WinOtherOrganizationSid = 55,
    WinBuiltinIncomingForestTrustBuildersSid = 56,
    WinBuiltinPerfMonitoringUsersSid = 57,
    WinBuiltinPerfLoggingUsersSid = 58,
    WinBuiltinAuthorizationAccessSid = 59,
    WinBuiltinTerminalServerLicenseServersSid = 60,
    WinBuiltinDCOMUsersSid = 61,
    WinBuiltinIUsersSid = 62,
    WinIUserSid = 63,
    WinBuiltinCryptoOperatorsSid = 64,
    WinUntrustedLabelSid = 65,
    WinLowLabelSid = 66,
    WinMediumLabelSid = 67,
    WinHighLabelSid = 68,
    WinSystemLabelSid = 69,
    WinWriteRestrictedCodeSid = 70,
    WinCreatorOwnerRightsSid = 71,
    WinCacheablePrincipalsGroupSid = 72,
    WinNonCacheablePrincipalsGroupSid = 73,
    WinEnterpriseReadonlyControllersSid = 74,
    WinAccountReadonlyControllersSid = 75,
    WinBuiltinEventLogReadersGroup = 76,
    WinNewEnterpriseReadonlyControllersSid = 77,
    WinBuiltinCertSvcDComAccessGroup = 78,
    WinMediumPlusLabelSid = 79,
    WinLocalLogonSid = 80,
    WinConsoleLogonSid = 81,
    WinThisOrganizationCertificateSid = 82,
    WinApplicationPackageAuthoritySid = 83,
    WinBuiltinAnyPackageSid = 84,
    WinBuiltinRDSRemoteAccessServersSid = 95,
    WinBuiltinRDSEndpointServersSid = 96,
    WinBuiltinRDSManagementServersSid = 97,
    WinUserModeDriversSid = 98,
    WinBuiltinHyperVAdminsSid = 99,
    WinAccountCloneableControllersSid = 100,
    WinBuiltinAccessControlAssistanceOperatorsSid = 101,
    WinBuiltinRemoteManagementUsersSid = 102,
    WinAuthenticationAuthorityAssertedSid = 103,
    WinAuthenticationServiceAssertedSid = 104,
    WinLocalAccountSid = 105,
    WinLocalAccountAndAdministratorSid = 106,
    WinAccountProtectedUsersSid = 107,
    WinAccountDefaultSystemManagedSid = 110,
    WinBuiltinDefaultSystemManagedGroupSid = 111,
    WinBuiltinStorageReplicaAdminsSid = 112,
    WinAccountKeyAdminsSid = 113,
    WinAccountEnterpriseKeyAdminsSid = 114,
    WinAuthenticationKeyTrustSid = 115,
    WinAuthenticationKeyPropertyMFASid = 116,
    WinAuthenticationKeyPropertyAttestationSid = 117
} WELL_KNOWN_SID_TYPE;

/* --- tokens -------------------------------------------------------------------------------- */

#define TOKEN_ASSIGN_PRIMARY    0x0001
#define TOKEN_DUPLICATE         0x0002
#define TOKEN_IMPERSONATE       0x0004
#define TOKEN_QUERY             0x0008
#define TOKEN_QUERY_SOURCE      0x0010
#define TOKEN_ADJUST_PRIVILEGES 0x0020
#define TOKEN_ADJUST_GROUPS     0x0040
#define TOKEN_ADJUST_DEFAULT    0x0080
#define TOKEN_ADJUST_SESSIONID  0x0100
#define TOKEN_EXECUTE           0x00020000
#define TOKEN_READ              0x00020008
#define TOKEN_WRITE             0x000200E0
#define TOKEN_ALL_ACCESS        0x000F01FF
#define MAXIMUM_ALLOWED         0x02000000

typedef enum _SECURITY_IMPERSONATION_LEVEL {
    SecurityAnonymous,
    SecurityIdentification,
    SecurityImpersonation,
    SecurityDelegation
} SECURITY_IMPERSONATION_LEVEL,
    *PSECURITY_IMPERSONATION_LEVEL;

typedef enum _TOKEN_TYPE { TokenPrimary = 1, TokenImpersonation } TOKEN_TYPE, *PTOKEN_TYPE;

typedef enum _TOKEN_INFORMATION_CLASS {
    TokenUser = 1,
    TokenGroups,
    TokenPrivileges,
    TokenOwner,
    TokenPrimaryGroup,
    TokenDefaultDacl,
    TokenSource,
    TokenType,
    TokenImpersonationLevel,
    TokenStatistics,
    TokenRestrictedSids,
    TokenSessionId,
    TokenGroupsAndPrivileges,
    TokenSessionReference,
    TokenSandBoxInert,
    TokenAuditPolicy,
    TokenOrigin,
    TokenElevationType,
    TokenLinkedToken,
    TokenElevation,
    TokenHasRestrictions,
    TokenAccessInformation,
    TokenVirtualizationAllowed,
    TokenVirtualizationEnabled,
    TokenIntegrityLevel,
    TokenUIAccess,
    TokenMandatoryPolicy,
    TokenLogonSid,
    MaxTokenInfoClass
} TOKEN_INFORMATION_CLASS,
    *PTOKEN_INFORMATION_CLASS;

typedef struct _LUID_AND_ATTRIBUTES {
    LUID Luid;
    DWORD Attributes;
} LUID_AND_ATTRIBUTES, *PLUID_AND_ATTRIBUTES;

typedef struct _TOKEN_USER {
    SID_AND_ATTRIBUTES User;
} TOKEN_USER, *PTOKEN_USER;

typedef struct _TOKEN_GROUPS {
    DWORD GroupCount;
    SID_AND_ATTRIBUTES Groups[1];
} TOKEN_GROUPS, *PTOKEN_GROUPS;

typedef struct _TOKEN_PRIVILEGES {
    DWORD PrivilegeCount;
    LUID_AND_ATTRIBUTES Privileges[1];
} TOKEN_PRIVILEGES, *PTOKEN_PRIVILEGES;

typedef struct _TOKEN_OWNER {
    PSID Owner;
} TOKEN_OWNER, *PTOKEN_OWNER;

typedef struct _TOKEN_PRIMARY_GROUP {
    PSID PrimaryGroup;
} TOKEN_PRIMARY_GROUP, *PTOKEN_PRIMARY_GROUP;

#define TOKEN_SOURCE_LENGTH 8
typedef struct _TOKEN_SOURCE {
    CHAR SourceName[TOKEN_SOURCE_LENGTH];
    LUID SourceIdentifier;
} TOKEN_SOURCE, *PTOKEN_SOURCE;

typedef struct _TOKEN_STATISTICS {
    LUID TokenId;
    LUID AuthenticationId;
    LARGE_INTEGER ExpirationTime;
    TOKEN_TYPE TokenType;
    SECURITY_IMPERSONATION_LEVEL ImpersonationLevel;
    DWORD DynamicCharged;
    DWORD DynamicAvailable;
    DWORD GroupCount;
    DWORD PrivilegeCount;
    LUID ModifiedId;
} TOKEN_STATISTICS, *PTOKEN_STATISTICS;

typedef struct _TOKEN_ORIGIN {
    LUID OriginatingLogonSession;
} TOKEN_ORIGIN, *PTOKEN_ORIGIN;

OPENSSPI_STATIC_ASSERT(sizeof(SID) == 12, "a SID with one part");
OPENSSPI_STATIC_ASSERT(sizeof(SID_AND_ATTRIBUTES) == 16, "as on 64-bit Windows");
OPENSSPI_STATIC_ASSERT(sizeof(TOKEN_GROUPS) == 24, "as on 64-bit Windows");
OPENSSPI_STATIC_ASSERT(sizeof(TOKEN_STATISTICS) == 56, "as on 64-bit Windows");
OPENSSPI_STATIC_ASSERT(sizeof(TOKEN_SOURCE) == 16, "as on 64-bit Windows");

OPENSSPI_END

#endif
