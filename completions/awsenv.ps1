# Completion of awsenv for Windows PowerShell 5.1 and later. What fits is awsenv's to say: this only asks, and runs
# nothing that is typed.

Register-ArgumentCompleter -Native -CommandName awsenv, awsenv.exe -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # the words before the cursor, without their quotes; what is no plain word stays as it is typed
    $__awsenv_words = New-Object System.Collections.ArrayList
    $__awsenv_rest = -1
    foreach ($__awsenv_element in $commandAst.CommandElements) {
        $__awsenv_extent = $__awsenv_element.Extent
        if ($__awsenv_extent.StartOffset -ge $cursorPosition) { break }
        if ($__awsenv_extent.EndOffset -ge $cursorPosition -and $wordToComplete -ne '') { break }
        $__awsenv_word = $__awsenv_extent.Text
        if ($__awsenv_element -is [System.Management.Automation.Language.StringConstantExpressionAst]) {
            $__awsenv_word = $__awsenv_element.Value
        }
        [void]$__awsenv_words.Add($__awsenv_word)
        if ($__awsenv_word -ceq '--') { $__awsenv_rest = $__awsenv_extent.EndOffset; break }
    }
    $__awsenv_first = @($__awsenv_words | Select-Object -Skip 1 | Where-Object { $_ -notlike '-*' })

    # behind `exec ... --` the command's own completion goes on
    if ($__awsenv_rest -ge 0 -and $__awsenv_first.Count -gt 0 -and $__awsenv_first[0] -ceq 'exec') {
        $__awsenv_from = $__awsenv_rest - $commandAst.Extent.StartOffset
        $__awsenv_line = $commandAst.Extent.Text.Substring($__awsenv_from).PadRight($cursorPosition - $__awsenv_rest)
        $__awsenv_command = $__awsenv_line.TrimStart()
        $__awsenv_at = $cursorPosition - $__awsenv_rest - ($__awsenv_line.Length - $__awsenv_command.Length)
        if ($__awsenv_at -lt 0) { return }
        return [System.Management.Automation.CommandCompletion]::CompleteInput(
            $__awsenv_command, $__awsenv_at, $null).CompletionMatches
    }

    $__awsenv_current = "$wordToComplete"
    if ($__awsenv_current -match '^["''\u2018-\u201B\u201C-\u201E]') {
        $__awsenv_current = $__awsenv_current.Substring(1) -replace "(['\u2018-\u201B])\1", '$1'
    } else {
        $__awsenv_current = $__awsenv_current -replace '`(.)', '$1'
    }

    $__awsenv_program = 'awsenv'
    $__awsenv_exe = Get-Variable -Name __awsenv_exe -Scope Global -ValueOnly -ErrorAction Ignore
    if ($__awsenv_exe) { $__awsenv_program = $__awsenv_exe }
    $__awsenv_program = Get-Command -Name $__awsenv_program -CommandType Application -ErrorAction Ignore |
        Select-Object -First 1
    if (-not $__awsenv_program) { return }

    # In variables, since 5.1 changes quotes and empty words on their way to a program; the answer is ASCII, with \uXXXX
    # for the rest, since it is read by the console's code page.
    $env:AWSENV_COMPLETE = 'powershell'
    $env:AWSENV_COMPLETE_WORDS = (@($__awsenv_words | Select-Object -Skip 1) + $__awsenv_current) -join "`n"
    try { $__awsenv_answer = @(& $__awsenv_program '--' 2>$null) }
    finally { Remove-Item Env:AWSENV_COMPLETE, Env:AWSENV_COMPLETE_WORDS -ErrorAction Ignore }

    foreach ($__awsenv_line in $__awsenv_answer) {
        $__awsenv_value, $__awsenv_tip = @($__awsenv_line -split "`t", 2 | ForEach-Object { [regex]::Unescape($_) })
        if (-not $__awsenv_value) { continue }
        if (-not $__awsenv_tip) { $__awsenv_tip = $__awsenv_value }
        $__awsenv_text = $__awsenv_value
        if ($__awsenv_text -notmatch '^[A-Za-z0-9_./:+=-]+$') {
            $__awsenv_text = "'" + ($__awsenv_text -replace "(['\u2018-\u201B])", '$1$1') + "'"
        }
        New-Object System.Management.Automation.CompletionResult $__awsenv_text, $__awsenv_value, 'ParameterValue', $__awsenv_tip
    }
}
