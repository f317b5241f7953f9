# awsenv in PowerShell, 5.1 and newer: fresh credentials before each command, a function that lets `awsenv login` change
# this shell, and the prompt segment. What the profile evaluates is this, with one line filled in.

# All that is global here begins with `__awsenv_`. Nothing needs .NET's methods but [DateTime], which the constrained
# language allows.

#::AWSENV::

# --- Refresh ----------------------------------------------------------------------------------------------------

# Unix seconds.
function global:__awsenv_now {
    [long](([DateTime]::UtcNow.Ticks - 621355968000000000) / 10000000)
}

function global:__awsenv_check($before) {
    # its user's StrictMode would make a variable that was never set, such as $LASTEXITCODE, an error
    Set-StrictMode -Off
    $at = $env:AWSENV_REFRESH_AT
    # ten digits and no more: the value is the environment's
    if (-not $at -or $at -notmatch '^[1-9][0-9]{9}$' -or $env:AWSENV_NO_REFRESH) { return }
    $now = __awsenv_now
    if ($now -lt [long]$at) { return }
    $code = $global:LASTEXITCODE
    try {
        if (-not (__awsenv_is_there)) {
            if (-not $global:__awsenv_missed) {
                [Console]::Error.WriteLine("awsenv: $global:__awsenv_exe is gone; this shell's credentials are not renewed")
            }
            $global:__awsenv_missed = $true
            $env:AWSENV_REFRESH_AT = "$($now + 300)"
            return
        }
        $told = & $global:__awsenv_exe refresh --shell powershell --before $before
        if ($global:LASTEXITCODE -ne 0) { $env:AWSENV_REFRESH_AT = "$($now + 60)" }
        elseif ($told) { Invoke-Expression ($told -join "`n") }
    } catch {
        $env:AWSENV_REFRESH_AT = "$($now + 60)"
    }
    $global:LASTEXITCODE = $code
}

# Whether the program is there, if need be in another place than when this shell began.
function global:__awsenv_is_there {
    if (Test-Path -LiteralPath $global:__awsenv_exe -PathType Leaf) { return $true }
    $other = Get-Command -Name awsenv -CommandType Application -ErrorAction Ignore | Select-Object -First 1
    if ($other) { $global:__awsenv_exe = $other.Path }
    return [bool]$other
}

# --- The function -----------------------------------------------------------------------------------------------

# How one call of awsenv is written. A function loses the first `--`, so it is put back; and only a statement of its own
# changes this shell: in `iex (awsenv ...)`, `"$(awsenv ...)"` and `$x = awsenv ...` the text itself is asked for.
function global:__awsenv_call($words, $call) {
    $read = @{ Words = $words; Alone = $true }
    try {
        $tokens = $null
        $errors = $null
        $tree = [System.Management.Automation.Language.Parser]::ParseInput($call.Line, [ref]$tokens, [ref]$errors)
        $found = @($tree.FindAll({ $args[0] -is [System.Management.Automation.Language.CommandAst] }, $true) |
            Where-Object { $_.Extent.StartOffset -eq $call.OffsetInLine - 1 })
        if ($found.Count -ne 1) { return $read }
        for ($above = $found[0].Parent; $above; $above = $above.Parent) {
            if ($above -is [System.Management.Automation.Language.AssignmentStatementAst] -or
                $above -is [System.Management.Automation.Language.ParenExpressionAst] -or
                $above -is [System.Management.Automation.Language.SubExpressionAst] -or
                $above -is [System.Management.Automation.Language.ExpandableStringExpressionAst]) { $read.Alone = $false }
        }
        $count = 0
        $dashes = -1
        foreach ($word in ($found[0].CommandElements | Select-Object -Skip 1)) {
            if ($dashes -lt 0 -and $word.Extent.Text -ceq '--') { $dashes = $count; continue }
            if ($word -is [System.Management.Automation.Language.VariableExpressionAst] -and $word.Splatted) { return $read }
            $count += 1
            if ($word -is [System.Management.Automation.Language.CommandParameterAst] -and $word.Argument) { $count += 1 }
        }
        if ($dashes -ge 0 -and $count -eq $words.Count) {
            $whole = @()
            if ($dashes -gt 0) { $whole += $words[0..($dashes - 1)] }
            $whole += '--'
            if ($dashes -lt $words.Count) { $whole += $words[$dashes..($words.Count - 1)] }
            $read.Words = $whole
        }
    } catch { }
    return $read
}

function global:awsenv {
    Set-StrictMode -Off
    $null = __awsenv_is_there
    $call = __awsenv_call @($args) $MyInvocation
    $words = @($call.Words)
    $verb = ''
    foreach ($word in $words) {
        if ("$word" -cmatch '^(-h|--help|-V|--version|--shell|--shell=.*|--format|--format=.*)$') { $verb = ''; break }
        if (-not $verb -and "$word" -notmatch '^-') { $verb = "$word" }
    }
    $ends = $MyInvocation.PipelinePosition -eq $MyInvocation.PipelineLength
    if ($call.Alone -and $ends -and ('login', 'logout', 'unset' -ccontains $verb)) {
        $before = $env:AWSENV_SHELL
        $env:AWSENV_SHELL = 'powershell'
        try { $told = & $global:__awsenv_exe @words } finally { $env:AWSENV_SHELL = $before }
        # of a failure it is a statement that fails: a function by itself never would, and `&&` would go on
        if ($told) { Invoke-Expression ($told -join "`n") }
    } elseif ($MyInvocation.ExpectingInput) {
        $input | & $global:__awsenv_exe @words
    } else {
        & $global:__awsenv_exe @words
    }
}

# --- The segment ------------------------------------------------------------------------------------------------

# Sets AWSENV_PROMPT, the plain text, and returns it with its colours.
function global:__awsenv_segment {
    Set-StrictMode -Off
    if (-not $env:AWSENV_PROFILE -or $env:AWSENV_KEY_ID -cne $env:AWS_ACCESS_KEY_ID) {
        Remove-Item 'Env:AWSENV_PROMPT' -ErrorAction Ignore
        return ''
    }
    $global:__awsenv_left = ''
    $tone = ''
    $now = __awsenv_now
    if ("$env:AWSENV_EXPIRES_AT" -match '^[1-9][0-9]{9}$') {
        $s = [long]$env:AWSENV_EXPIRES_AT - $now
        $renews = "$env:AWSENV_REFRESH_AT" -match '^[1-9][0-9]{9}$'
        if ($env:AWSENV_RENEWAL -ceq 'sign-in') {
            $global:__awsenv_left = 'sign in'
            $tone = 31
        } elseif ($s -gt 0) {
            if ($s -lt 60) { $global:__awsenv_left = '<1m' }
            elseif ($s -lt 3600) { $global:__awsenv_left = '{0}m' -f [Math]::Floor($s / 60) }
            else { $global:__awsenv_left = '{0}h{1:00}m' -f [Math]::Floor($s / 3600), [Math]::Floor($s / 60 % 60) }
            # without a renewal it is the last five minutes that count
            if ($renews) {
                if ($now -ge [long]$env:AWSENV_REFRESH_AT -or $env:AWSENV_RENEWAL) { $tone = 33 }
            } elseif ($s -lt 300) { $tone = 33 }
        } elseif ($renews -and -not $env:AWSENV_RENEWAL) {
            $global:__awsenv_left = 'renewing'
            $tone = 33
        } else {
            $global:__awsenv_left = 'ended'
            $tone = 31
        }
    }
    __awsenv_fill
    $env:AWSENV_PROMPT = "$global:__awsenv_a$global:__awsenv_left$global:__awsenv_b"
    if ($env:NO_COLOR -or $env:TERM -ceq 'dumb') { return "$env:AWSENV_PROMPT " }
    $colors = @{ black = 30; red = 31; green = 32; yellow = 33; blue = 34; magenta = 35; white = 37 }
    $color = 36
    if ($env:AWSENV_COLOR -and $colors[$env:AWSENV_COLOR]) { $color = $colors[$env:AWSENV_COLOR] }
    if (-not $tone) { $tone = $color }
    $e = [char]27
    return "$e[${color}m$global:__awsenv_a$e[${tone}m$global:__awsenv_left$e[${color}m$global:__awsenv_b$e[0m "
}

# --- Into the shell ---------------------------------------------------------------------------------------------

# The host calls PSConsoleHostReadLine for each line: what follows it runs after Enter and before the command, whatever
# replaces `prompt` later. Without PSReadLine there is only `prompt`. The old function comes first, since any statement
# before it would hide `$?` from it.
if (-not (Get-Variable -Name __awsenv_read_line -Scope Global -ErrorAction Ignore)) {
    $global:__awsenv_read_line = $function:PSConsoleHostReadLine
    $global:__awsenv_old_prompt = $function:prompt
    if ($global:__awsenv_read_line) {
        function global:PSConsoleHostReadLine {
            & $global:__awsenv_read_line
            __awsenv_check command
        }
    }
    if (-not $global:__awsenv_read_line -or $global:__awsenv_prompt) {
        function global:prompt {
            $shown = & $global:__awsenv_old_prompt
            if (-not $global:__awsenv_read_line) { __awsenv_check prompt }
            if ($global:__awsenv_prompt) { "$(__awsenv_segment)$shown" } else { "$shown" }
        }
    }
}
