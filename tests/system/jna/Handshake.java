/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secur32 as JNA's platform mapping declares it for Windows, over libSecur32.so: a handshake with the A functions
 * (-Dw32.ascii=true), a signed and a sealed message each way, and who the client is.
 *
 *     java -Djna.library.path=FOLDER -Dw32.ascii=true Handshake PACKAGE DOMAIN USER PASSWORD
 */
import com.sun.jna.Function;
import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.platform.win32.Secur32;
import com.sun.jna.platform.win32.Sspi;
import com.sun.jna.platform.win32.SspiUtil.ManagedSecBufferDesc;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.win32.W32APIOptions;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

public final class Handshake {
    static final Secur32 SSPI = load();
    static final int CONTINUE = 0x00090312;
    static final int ANSI = 1;
    static final int PROTECTED = Sspi.ISC_REQ_CONFIDENTIALITY | Sspi.ISC_REQ_INTEGRITY | Sspi.ISC_REQ_REPLAY_DETECT
        | Sspi.ISC_REQ_SEQUENCE_DETECT;

    /* Secur32.INSTANCE is loaded with Windows' calling convention, which JNA does not have here. */
    static Secur32 load() {
        Map<String, Object> options = new HashMap<>(W32APIOptions.DEFAULT_OPTIONS);

        options.put(Library.OPTION_CALLING_CONVENTION, Function.C_CONVENTION);
        return Native.load("Secur32", Secur32.class, options);
    }

    static int must(String what, int status) {
        if (status < 0) {
            throw new IllegalStateException(String.format("%s: 0x%08X", what, status));
        }
        return status;
    }

    /* JNA's own SEC_WINNT_AUTH_IDENTITY is wide, and wide is 32 bits here: laid out by hand, in UTF-8. */
    static Memory identity(String user, String domain, String password) {
        Memory id = new Memory(56);
        long at = 0;

        id.clear();
        for (String word : new String[] {user, domain, password}) {
            byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
            Memory text = new Memory(bytes.length + 1);
            text.clear();
            text.write(0, bytes, 0, bytes.length);
            KEPT.add(text);
            id.setPointer(at, text);
            id.setInt(at + 8, bytes.length);
            at += 16;
        }
        id.setInt(at, ANSI);
        return id;
    }

    static final List<Memory> KEPT = new ArrayList<>();

    static Sspi.CredHandle acquire(String name, int use, Pointer identity) {
        Sspi.CredHandle handle = new Sspi.CredHandle();

        must("AcquireCredentialsHandle",
            SSPI.AcquireCredentialsHandle(null, name, use, null, identity, null, null, handle, new Sspi.TimeStamp()));
        return handle;
    }

    static byte[] token(ManagedSecBufferDesc out) {
        return out.getBuffer(0).getBytes();
    }

    static void set(Sspi.SecBuffer to, Sspi.SecBuffer from) {
        to.cbBuffer = from.cbBuffer;
        to.BufferType = from.BufferType;
        to.pvBuffer = from.pvBuffer;
    }

    static void pass(Sspi.CtxtHandle from, Sspi.CtxtHandle to, byte[] plain, boolean sealed) {
        Sspi.SecPkgContext_Sizes sizes = new Sspi.SecPkgContext_Sizes();
        must("SIZES", SSPI.QueryContextAttributes(from, Sspi.SECPKG_ATTR_SIZES, sizes));
        Sspi.SecBuffer trailer = new Sspi.SecBuffer(Sspi.SECBUFFER_TOKEN, new byte[sealed ? sizes.cbSecurityTrailer : sizes.cbMaxSignature]);
        Sspi.SecBuffer data = new Sspi.SecBuffer(Sspi.SECBUFFER_DATA, plain.clone());
        ManagedSecBufferDesc message = new ManagedSecBufferDesc(2);
        set(message.getBuffer(0), trailer);
        set(message.getBuffer(1), data);

        if (sealed) {
            must("EncryptMessage", SSPI.EncryptMessage(from, 0, message, 0));
            if (Arrays.equals(message.getBuffer(1).getBytes(), plain)) {
                throw new IllegalStateException("EncryptMessage left the text in the clear");
            }
            must("DecryptMessage", SSPI.DecryptMessage(to, message, 0, new IntByReference()));
        } else {
            must("MakeSignature", SSPI.MakeSignature(from, 0, message, 0));
            must("VerifySignature", SSPI.VerifySignature(to, message, 0, new IntByReference()));
        }
        if (!Arrays.equals(message.getBuffer(1).getBytes(), plain)) {
            throw new IllegalStateException("what came is not what was sent");
        }
    }

    public static void main(String[] args) {
        Sspi.CredHandle clientCred = acquire(args[0], Sspi.SECPKG_CRED_OUTBOUND, identity(args[2], args[1], args[3]));
        Sspi.CredHandle serverCred = acquire(args[0], Sspi.SECPKG_CRED_INBOUND, null);
        Sspi.CtxtHandle client = null, server = null;
        byte[] toClient = null;
        int clientStatus = CONTINUE, serverStatus = CONTINUE;

        for (int leg = 0; clientStatus == CONTINUE || serverStatus == CONTINUE; leg++) {
            ManagedSecBufferDesc out = new ManagedSecBufferDesc(Sspi.SECBUFFER_TOKEN, 65536);
            ManagedSecBufferDesc in = leg == 0 ? null : new ManagedSecBufferDesc(Sspi.SECBUFFER_TOKEN, toClient);
            Sspi.CtxtHandle next = client == null ? new Sspi.CtxtHandle() : client;
            clientStatus = must("InitializeSecurityContext", SSPI.InitializeSecurityContext(clientCred, client, "HTTP/web1",
                PROTECTED, 0, Sspi.SECURITY_NATIVE_DREP, in, 0, next, out, new IntByReference(), new Sspi.TimeStamp()));
            client = next;
            if (serverStatus != CONTINUE) {
                break;
            }
            ManagedSecBufferDesc toServer = new ManagedSecBufferDesc(Sspi.SECBUFFER_TOKEN, token(out));
            ManagedSecBufferDesc reply = new ManagedSecBufferDesc(Sspi.SECBUFFER_TOKEN, 65536);
            Sspi.CtxtHandle nextServer = server == null ? new Sspi.CtxtHandle() : server;
            serverStatus = must("AcceptSecurityContext", SSPI.AcceptSecurityContext(serverCred, server, toServer, 0,
                Sspi.SECURITY_NATIVE_DREP, nextServer, reply, new IntByReference(), new Sspi.TimeStamp()));
            server = nextServer;
            toClient = token(reply);
        }
        for (boolean sealed : new boolean[] {true, false}) {
            pass(client, server, "attack at dawn".getBytes(StandardCharsets.UTF_8), sealed);
            pass(server, client, "retreat at noon".getBytes(StandardCharsets.UTF_8), sealed);
        }
        Sspi.SecPkgContext_NegotiationInfo info = new Sspi.SecPkgContext_NegotiationInfo();
        must("NEGOTIATION_INFO", SSPI.QueryContextAttributes(server, Sspi.SECPKG_ATTR_NEGOTIATION_INFO, info));
        System.out.println(info.PackageInfo.pPkgInfo.Name);
        must("FreeContextBuffer", SSPI.FreeContextBuffer(info.PackageInfo.pPkgInfo.getPointer()));
        must("DeleteSecurityContext", SSPI.DeleteSecurityContext(client));
        must("DeleteSecurityContext", SSPI.DeleteSecurityContext(server));
        must("FreeCredentialsHandle", SSPI.FreeCredentialsHandle(clientCred));
        must("FreeCredentialsHandle", SSPI.FreeCredentialsHandle(serverCred));
        System.out.println("done");
    }
}
