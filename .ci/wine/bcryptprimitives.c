/*
 * What Go programs need to run under Wine 8, in the one library that all of them
 * load at their start and that Wine 8 does not have. For tests only.
 *
 * ProcessPrng is what Go 1.22 and later take random bytes from.
 *
 * Two answers of Wine stand in the way of package os and package net. They are
 * replaced by what Windows answers. Whoever looks the function up gets ours,
 * which asks Wine's first:
 *
 *   NtSetInformationFile, FileDispositionInformationEx: Wine says that it is not
 *   implemented, and older versions of Windows say that there is no such class.
 *   Only for the latter has os.RemoveAll another way to delete a file.
 *
 *   WSAIoctl, SIO_UDP_NETRESET: Wine does not know it. It turns off that an ICMP
 *   message ends a receive with WSAENETRESET, and Wine has no such receives.
 *   Without it package net opens no UDP socket.
 *
 * Go loads the library from system32 and nowhere else.
 */
#include <winsock2.h>
#include <windows.h>
#include <winternl.h>

#define FILE_DISPOSITION_INFORMATION_EX_CLASS 64
#define NOT_IMPLEMENTED ((NTSTATUS)0xC0000002)
#define INVALID_INFO_CLASS ((NTSTATUS)0xC0000003)
#define UDP_NETRESET 0x9800000F

/* RtlGenRandom, as advapi32 exports it. */
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length)
{
    while (length > 0) {
        ULONG part = length < (1u << 30) ? (ULONG)length : 1u << 30;
        if (!SystemFunction036(buffer, part))
            return FALSE;
        buffer += part;
        length -= part;
    }
    return TRUE;
}

static NTSTATUS (NTAPI *set_information)(HANDLE, IO_STATUS_BLOCK *, void *, ULONG, int);

static NTSTATUS NTAPI set_information_file(HANDLE file, IO_STATUS_BLOCK *status, void *data, ULONG size, int class)
{
    NTSTATUS result = set_information(file, status, data, size, class);
    if (class == FILE_DISPOSITION_INFORMATION_EX_CLASS && result == NOT_IMPLEMENTED)
        return INVALID_INFO_CLASS;
    return result;
}

static int (WSAAPI *ioctl)(SOCKET, DWORD, void *, DWORD, void *, DWORD, DWORD *, WSAOVERLAPPED *,
                           LPWSAOVERLAPPED_COMPLETION_ROUTINE);

static int WSAAPI socket_ioctl(SOCKET s, DWORD code, void *in, DWORD in_size, void *out, DWORD out_size,
                               DWORD *returned, WSAOVERLAPPED *overlapped,
                               LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    int result = ioctl(s, code, in, in_size, out, out_size, returned, overlapped, routine);
    if (result != 0 && code == UDP_NETRESET && WSAGetLastError() == WSAEOPNOTSUPP) {
        WSASetLastError(0);
        return 0;
    }
    return result;
}

/*
 * Exports are offsets of 32 bits from the start of the library, so a jump to our
 * function has to lie at most 4 GiB above it.
 */
static BYTE *jump(BYTE *library, void *target)
{
    static const BYTE code[12] = {0x48, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xE0}; /* mov rax, target; jmp rax */
    ULONG_PTR offset;

    for (offset = 1 << 24; offset < 0xF0000000; offset += 1 << 20) {
        BYTE *p = VirtualAlloc(library + offset, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_EXECUTE_READWRITE);
        if (p != NULL) {
            memcpy(p, code, sizeof code);
            memcpy(p + 2, &target, sizeof target);
            return p;
        }
    }
    return NULL;
}

/* replace makes a library export another function by a name, and returns the one it had. */
static void *replace(const char *name, const char *function, void *by)
{
    BYTE *library = (BYTE *)GetModuleHandleA(name);
    IMAGE_NT_HEADERS *headers = (IMAGE_NT_HEADERS *)(library + ((IMAGE_DOS_HEADER *)library)->e_lfanew);
    IMAGE_EXPORT_DIRECTORY *exports = (IMAGE_EXPORT_DIRECTORY *)(library +
        headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_EXPORT].VirtualAddress);
    DWORD *names = (DWORD *)(library + exports->AddressOfNames);
    WORD *ordinals = (WORD *)(library + exports->AddressOfNameOrdinals);
    DWORD *functions = (DWORD *)(library + exports->AddressOfFunctions);
    DWORD i, protection;

    for (i = 0; i < exports->NumberOfNames; i++) {
        if (strcmp((char *)library + names[i], function) == 0) {
            DWORD *entry = &functions[ordinals[i]];
            BYTE *old = library + *entry, *new = jump(library, by);
            if (new == NULL || !VirtualProtect(entry, sizeof *entry, PAGE_READWRITE, &protection))
                return NULL;
            *entry = (DWORD)(new - library);
            VirtualProtect(entry, sizeof *entry, protection, &protection);
            return old;
        }
    }
    return NULL;
}

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved)
{
    if (reason != DLL_PROCESS_ATTACH)
        return TRUE;
    set_information = replace("ntdll.dll", "NtSetInformationFile", set_information_file);
    ioctl = replace("ws2_32.dll", "WSAIoctl", socket_ioctl);
    return set_information != NULL && ioctl != NULL;
}
