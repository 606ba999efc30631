-- SPDX-License-Identifier: Apache-2.0
-- Asks sspid's /auth who an Apache request is from: docs/PROXIES.md. For mod_lua with LuaScope conn, and LuaSocket (Debian: lua-socket).
require "apache2"
local socket = require "socket"

local HOST, PORT, SECONDS = "127.0.0.1", 8080, 30
-- What the application is told: from here alone.
local REMOTE = { "Remote-User", "Remote-Authenticated", "Remote-Domain", "Remote-Sid", "Remote-Unix-User", "Remote-Groups", "Remote-Groups-Cut" }
local is_remote = {}
for _, name in ipairs(REMOTE) do
    is_remote[name:lower()] = true
end

-- What the client sent under these names, and under those that an application may not tell from them: CGI and WSGI have HTTP_REMOTE_USER of Remote_User as well.
local function withdraw(r)
    for name in pairs(r:headers_in_table()) do
        local plain = name:lower():gsub("[^%w]", "-")
        if is_remote[plain] then
            r.headers_in[name] = nil
        end
    end
end

-- With LuaScope conn this file is loaded once for each connection of a client's: so the connection has a name, and one of its own to sspid.
local random = assert(io.open("/dev/urandom", "rb"))
local name_of_connection = random:read(16):gsub(".", function(c) return string.format("%02x", c:byte()) end)
random:close()
local kept -- the connection to sspid, between requests

-- The status and the headers, in small letters, of which the first of a name counts; nil: the connection is at its end.
local function read_answer(c)
    local status = tonumber((c:receive("*l") or ""):match("^HTTP/1%.1 (%d+)"))
    local headers = {}
    local line = status and c:receive("*l")
    while line and line ~= "" do
        local name, value = line:match("^([^:]+): *(.*)$")
        if name and not headers[name:lower()] then
            headers[name:lower()] = value
        end
        line = c:receive("*l")
    end
    local length = line and tonumber(headers["content-length"])
    if not length or (length > 0 and not c:receive(length)) then
        return nil -- the end of the answer cannot be told
    end
    return status, headers
end

-- A connection that was kept may have been closed meanwhile: then once more, on another.
local function ask(request)
    while true do
        local c, is_fresh = kept or socket.tcp(), not kept
        kept = nil
        c:settimeout(SECONDS)
        if is_fresh and not c:connect(HOST, PORT) then
            c:close()
            return nil
        end
        local status, headers
        if c:send(request) then
            status, headers = read_answer(c)
        end
        if status then
            if headers["connection"] == "close" then
                c:close()
            else
                kept = c
            end
            return status, headers
        end
        c:close()
        if is_fresh then
            return nil
        end
    end
end

function check(r)
    if not r.is_initial_req then
        return apache2.DECLINED -- a page's part, of a request that has passed
    end
    local lines = {
        "GET /auth HTTP/1.1",
        "Host: " .. (r.headers_in["Host"] or "localhost"),
        "X-Connection: " .. name_of_connection,
        "X-Real-IP: " .. r.useragent_ip,
        "X-Forwarded-Proto: " .. (r.is_https and "https" or "http"),
    }
    local authorization = r.headers_in["Authorization"]
    if authorization then
        table.insert(lines, "Authorization: " .. authorization)
    end
    local status, headers = ask(table.concat(lines, "\r\n") .. "\r\n\r\n")
    withdraw(r)
    for _, name in ipairs(REMOTE) do
        r.headers_in[name] = headers and headers[name:lower()] or nil
    end
    r.headers_in["Authorization"] = nil
    if status == 200 then
        if headers["remote-user"] then
            r.user = headers["remote-user"]
        end
        if headers["www-authenticate"] then
            r.headers_out["WWW-Authenticate"] = headers["www-authenticate"]
        end
        return apache2.OK
    elseif status == 401 then
        r.err_headers_out["WWW-Authenticate"] = headers["www-authenticate"]
        return 401
    end
    r:err("sspid: " .. (status and ("it answered " .. status) or "it does not answer"))
    return 503
end
