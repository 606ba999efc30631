// SPDX-License-Identifier: Apache-2.0
// C++ source: handles in classes, the interface's own spellings.
#define SECURITY_WIN32
#include <windows.h>
#include <winsock.h>
#include <security.h>
#include <schannel.h>
#include <ntdsapi.h>
#include <tchar.h>
#include <string>
#include <vector>

class Credential
{
  public:
    explicit Credential(const char *package)
    {
        TimeStamp expiry;
        std::string name(package);
        SecInvalidateHandle(&m_handle);
        m_status = AcquireCredentialsHandleA(nullptr, &name[0], SECPKG_CRED_INBOUND, nullptr,
                                             nullptr, nullptr, nullptr, &m_handle, &expiry);
    }
    Credential(const Credential &) = delete;
    Credential &operator=(const Credential &) = delete;
    ~Credential()
    {
        if (m_status >= 0) {
            FreeCredentialsHandle(&m_handle);
        }
    }
    SECURITY_STATUS
    Status() const
    {
        return m_status;
    }

  private:
    CredHandle m_handle;
    SECURITY_STATUS m_status;
};

int
main()
{
    PSecurityFunctionTableW table = InitSecurityInterfaceW();
    std::vector<BYTE> token(12000);
    SecBuffer buffer = { static_cast<ULONG>(token.size()), SECBUFFER_TOKEN, token.data() };
    SecBufferDesc desc = { SECBUFFER_VERSION, 1, &buffer };
    const WCHAR *name = NEGOSSP_NAME_W;
    Credential credential("no such package");

    if (table == nullptr || name[0] != 'N' || desc.cBuffers != 1) {
        return 1;
    }
    switch (credential.Status()) {
    case SEC_E_SECPKG_NOT_FOUND: return 0;
    case SEC_E_OK:
    default: return 1;
    }
}
